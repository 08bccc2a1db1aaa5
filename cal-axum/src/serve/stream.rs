//! A connection whose client must read what it is sent, and can.

use std::{
    io::{self, Error, ErrorKind, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use super::connections::ConnectionState;

/// How long, and for how many bytes, a client may go on sending after its last answer.
///
/// A connection that is closed while something is unread is reset, and the client may lose the
/// answer that tells it why (RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1024 * 1024;

/// A stream that fails when nothing could be written for too long.
pub(super) struct Stream {
    tcp: TcpStream,
    timeout: Duration,
    /// Runs while the client reads nothing.
    timer: Option<Pin<Box<Sleep>>>,
    state: Arc<ConnectionState>,
    closing: Option<Closing>,
}

/// All is written, and the client is waited for.
struct Closing {
    end: Pin<Box<Sleep>>,
    unread: usize,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, timeout: Duration, state: Arc<ConnectionState>) -> Self {
        Self { tcp, timeout, timer: None, state, closing: None }
    }

    /// Passes on what writing brought, and gives up when that is nothing for too long.
    fn within_timeout<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.timer = None;
            return written;
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.timeout)));
        timer.as_mut().poll(cx).map(|()| Err(Error::from(ErrorKind::TimedOut)))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        self.within_timeout(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, parts);
        self.within_timeout(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.tcp).poll_shutdown(cx))?;
            if !this.state.is_unfinished() {
                return Poll::Ready(Ok(()));
            }
        }
        let closing = this
            .closing
            .get_or_insert_with(|| Closing { end: Box::pin(sleep(LINGER)), unread: LINGER_BYTES });
        let mut space = [MaybeUninit::uninit(); 4096];
        while closing.unread > 0 && closing.end.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                break;
            }
            closing.unread = closing.unread.saturating_sub(buffer.filled().len());
        }
        Poll::Ready(Ok(()))
    }
}
