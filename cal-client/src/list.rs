//! Lists that come in pages.

use std::{
    fmt,
    future::{Future, IntoFuture},
    marker::PhantomData,
    pin::Pin,
};

use cal_core::ParseError;
use futures_core::Stream;
use futures_util::{TryStreamExt as _, stream};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::{error::Error, request::Request, scope::Me, wire::or_default};

/// A list of `T`, as the scope `S` sees it: await it for one page, or take all of it as a stream.
///
/// ```no_run
/// use futures_util::TryStreamExt as _;
///
/// # async fn example(client: cal_client::Client) -> Result<(), cal_client::Error> {
/// let first = client.bookings().list().take(10).await?;
/// println!("{} bookings on the first page", first.items.len());
///
/// let mut bookings = std::pin::pin!(client.bookings().list().stream());
/// while let Some(booking) = bookings.try_next().await? {
///     println!("{}", booking.uid);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct List<T, S = Me> {
    pub(crate) request: Request,
    names: Names,
    take: Option<u32>,
    skip: u32,
    marker: PhantomData<fn() -> (T, S)>,
}

/// What the query parameters are called.
#[derive(Clone, Copy, Debug)]
struct Names {
    take: &'static str,
    skip: &'static str,
    /// How many items a page has unless said otherwise.
    page: u32,
    /// The largest number of items to leave out that the server takes.
    furthest: u32,
}

const SKIP: Names = Names { take: "take", skip: "skip", page: 100, furthest: u32::MAX };

/// Those of managed users, of which the server shows 500: `limit` and `offset` end at 250.
#[cfg(feature = "platform")]
const OFFSET: Names = Names { take: "limit", skip: "offset", page: 250, furthest: 250 };

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of the page that could be read.
    pub items: Vec<T>,
    /// The members and items that could not be read: one drifted item costs no other.
    pub set_aside: Vec<SetAside>,
    /// The server's account of its pages; only lists of bookings and of managed organizations have it.
    pub pagination: Option<Pagination>,
    /// Why the first of those is missing that could not be read.
    pub(crate) lost: Option<Error>,
}

/// An item of a page that could not be read as it came.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SetAside {
    /// The item's `uid`, or else its `id`.
    pub name: Option<String>,
    /// Which members did not fit, without what stood there. Unless the item is lost, they count as
    /// absent.
    pub problems: Vec<ParseError>,
    /// Whether the whole item is missing on the page: it lacks what it cannot do without.
    pub is_lost: bool,
}

/// What the server says about the pages of a list (`PaginationMetaDto`).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[non_exhaustive]
#[serde(default, rename_all = "camelCase")]
pub struct Pagination {
    /// How many items this page has.
    #[serde(deserialize_with = "count")]
    pub returned_items: u32,
    /// How many items there are in all.
    #[serde(deserialize_with = "count")]
    pub total_items: u64,
    /// How many items a page has at the most.
    #[serde(deserialize_with = "count")]
    pub items_per_page: u32,
    /// How many items come after this page.
    #[serde(deserialize_with = "count")]
    pub remaining_items: u64,
    /// The number of this page, from 1.
    #[serde(deserialize_with = "count")]
    pub current_page: u32,
    /// How many pages there are.
    #[serde(deserialize_with = "count")]
    pub total_pages: u32,
    /// Whether there is a page after this one.
    #[serde(deserialize_with = "or_default")]
    pub has_next_page: bool,
    /// Whether there is a page before this one.
    #[serde(deserialize_with = "or_default")]
    pub has_previous_page: bool,
}

/// Reads a count; what cannot be one, such as a difference below zero, is 0.
fn count<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: Default + TryFrom<i64>,
{
    let number: Option<serde_json::Number> = Option::deserialize(deserializer)?;
    let number = number.and_then(|number| number.as_i64()).unwrap_or_default();
    Ok(N::try_from(number).unwrap_or_default())
}

impl<T, S> List<T, S> {
    pub(crate) fn new(request: Request) -> Self {
        Self { request, names: SKIP, take: None, skip: 0, marker: PhantomData }
    }

    /// Counts by `limit` and `offset`.
    #[cfg(feature = "platform")]
    pub(crate) fn by_offset(mut self) -> Self {
        self.names = OFFSET;
        self
    }

    /// Changes the request.
    pub(crate) fn map(mut self, change: impl FnOnce(Request) -> Request) -> Self {
        self.request = change(self.request);
        self
    }

    /// How many items a page has, from 1 to 250; 100 in a stream unless set.
    pub fn take(mut self, items: u32) -> Self {
        self.take = Some(items);
        self
    }

    /// How many items to leave out at the beginning.
    pub fn skip(mut self, items: u32) -> Self {
        self.skip = items;
        self
    }
}

impl<T: DeserializeOwned + Send + 'static, S> List<T, S> {
    /// Returns all items, page by page, as a stream that can be moved to another task.
    ///
    /// It ends where the server says so, or else with a page that is not full, and with one that
    /// comes a second time, because not every list of every server has pages. Items that are added
    /// or vanish meanwhile move the others: sort by creation for a stream that misses nothing.
    ///
    /// An item that cannot be read at all ends it with an error, after the others of its page;
    /// [`List::pages`] goes on.
    pub fn stream(self) -> impl Stream<Item = Result<T, Error>> + Send + 'static {
        let pages = self.pages().map_ok(|page| {
            let lost = page.lost.map(Err).into_iter();
            stream::iter(page.items.into_iter().map(Ok).chain(lost))
        });
        pages.try_flatten()
    }

    /// Returns all pages, with what could not be read on each.
    pub fn pages(self) -> impl Stream<Item = Result<Page<T>, Error>> + Send + 'static {
        let Self { request, names, take, skip, marker: _ } = self;
        let take = take.unwrap_or(names.page).max(1);
        let start = Pages { request, names, take, skip, last: None, is_over: false };
        stream::try_unfold(start, |mut pages| async move {
            Ok(pages.next().await?.map(|page| (page, pages)))
        })
    }

    /// Returns all items at once.
    ///
    /// # Errors
    ///
    /// Fails when any of the pages cannot be had.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        self.stream().try_collect().await
    }

    async fn page(self) -> Result<Page<T>, Error> {
        let skip = Some(self.skip).filter(|skip| *skip > 0);
        let request = self.request.query_some(self.names.take, self.take);
        request.query_some(self.names.skip, skip).page().await.map(|(page, _)| page)
    }
}

/// Goes from page to page.
struct Pages {
    request: Request,
    names: Names,
    take: u32,
    skip: u32,
    /// The mark of the last page.
    last: Option<u64>,
    is_over: bool,
}

impl Pages {
    async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<Page<T>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let mut request = self.request.clone().query(self.names.take, self.take);
        if self.skip > 0 {
            request = request.query(self.names.skip, self.skip);
        }
        let (page, mark): (Page<T>, _) = request.page().await?;
        if self.last.replace(mark) == Some(mark) {
            return Ok(None);
        }
        let count = page.count();
        // A page with nothing on it leads nowhere, whatever is said about the next one.
        let has_next = match &page.pagination {
            Some(pagination) => pagination.has_next_page && count > 0,
            None => count >= self.take,
        };
        self.skip = self.skip.saturating_add(count);
        self.is_over = !has_next || self.skip > self.names.furthest;
        Ok(Some(page))
    }
}

impl<T> Page<T> {
    /// Returns how many items the server sent, also those that could not be read.
    #[must_use]
    pub fn count(&self) -> u32 {
        let lost = self.set_aside.iter().filter(|item| item.is_lost).count();
        u32::try_from(self.items.len() + lost).unwrap_or(u32::MAX)
    }
}

impl<T: DeserializeOwned + Send + 'static, S> IntoFuture for List<T, S> {
    type Output = Result<Page<T>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { request, names, take, skip, marker: _ } = self;
        // The scope is a name for the compiler; the future has no use for it.
        let list = List::<T> { request, names, take, skip, marker: PhantomData };
        Box::pin(list.page())
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<T, S> Clone for List<T, S> {
    fn clone(&self) -> Self {
        let Self { request, names, take, skip, marker } = self;
        Self { request: request.clone(), names: *names, take: *take, skip: *skip, marker: *marker }
    }
}

impl<T, S> fmt::Debug for List<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("take", &self.take)
            .field("skip", &self.skip)
            .finish_non_exhaustive()
    }
}
