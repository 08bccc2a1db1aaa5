//! The body of a delivery, as it arrives.

use std::pin::pin;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{FutureExt, StreamExt};

use crate::{
    Rejection,
    budget::{Budget, Hold, STEP},
};

/// Reads a body up to the limit; a body in one piece is not copied.
///
/// While something is missing, what has arrived counts against the budget.
pub(super) async fn read<B, E>(
    body: B,
    limit: usize,
    budget: &Budget,
    size: &mut usize,
) -> Result<Bytes, Rejection>
where
    B: Stream<Item = Result<Bytes, E>>,
{
    let mut body = pin!(body.map(|chunk| chunk.map_err(|_| Rejection::Interrupted)));
    let Some(first) = body.next().await.transpose()? else { return Ok(Bytes::new()) };
    *size = first.len();
    if *size > limit {
        return Err(Rejection::TooLarge { limit });
    }
    let mut next = body.next().now_or_never();
    if let Some(None) = next {
        return Ok(first);
    }
    let mut hold = budget.hold();
    let mut pieces = Pieces::default();
    pieces.append(&first, &mut hold).await?;
    drop(first);
    loop {
        let chunk = match next.take() {
            Some(chunk) => chunk,
            None => tokio::select! {
                biased;
                chunk = body.next() => chunk,
                () = hold.gave_way() => return Err(Rejection::Busy),
            },
        };
        let Some(chunk) = chunk.transpose()? else { return Ok(pieces.into_whole()) };
        *size += chunk.len();
        if *size > limit {
            return Err(Rejection::TooLarge { limit });
        }
        pieces.append(&chunk, &mut hold).await?;
    }
}

/// A body that is still arriving, in pieces of one size: none is ever moved to grow.
#[derive(Default)]
struct Pieces(Vec<Vec<u8>>);

impl Pieces {
    async fn append(&mut self, mut chunk: &[u8], hold: &mut Hold<'_>) -> Result<(), Rejection> {
        while !chunk.is_empty() {
            let room = self.0.last().map_or(0, |piece| STEP - piece.len());
            if room == 0 {
                hold.grow().await?;
                if !self.0.is_empty() {
                    // Long bodies do not keep short ones waiting.
                    tokio::task::yield_now().await;
                }
                self.0.push(Vec::with_capacity(STEP));
            } else if let Some(piece) = self.0.last_mut() {
                let fits;
                (fits, chunk) = chunk.split_at(room.min(chunk.len()));
                piece.extend_from_slice(fits);
            }
        }
        Ok(())
    }

    fn into_whole(mut self) -> Bytes {
        match &mut *self.0 {
            // What is kept has the size that it is counted with.
            [piece] => std::mem::take(piece).into_boxed_slice().into(),
            pieces => pieces.concat().into(),
        }
    }
}
