//! How hooks and stores fail.

use std::{error::Error, fmt, time::Duration};

type Source = Box<dyn Error + Send + Sync>;

/// Why a hook failed, and whether it is worth another try.
///
/// `?` makes a transient failure of any error. Panics and timeouts are transient, too.
///
/// ```
/// use cal_webhook::HookError;
/// use std::time::Duration;
///
/// let error = HookError::retry_after("429 from the CRM", Duration::from_secs(30));
/// assert!(error.is_transient());
/// assert!(!HookError::permanent("the contact was deleted").is_transient());
/// ```
pub struct HookError {
    source: Source,
    transient: bool,
    delay: Option<Duration>,
}

impl HookError {
    /// A failure that may pass: the network, a busy server, a lock.
    #[must_use]
    pub fn transient(error: impl Into<Source>) -> Self {
        Self { source: error.into(), transient: true, delay: None }
    }

    /// A failure that no repetition cures.
    #[must_use]
    pub fn permanent(error: impl Into<Source>) -> Self {
        Self { source: error.into(), transient: false, delay: None }
    }

    /// A failure that may pass after a time that the other side named.
    #[must_use]
    pub fn retry_after(error: impl Into<Source>, delay: Duration) -> Self {
        Self { source: error.into(), transient: true, delay: Some(delay) }
    }

    /// Whether another try may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// Returns the time that the other side asked to wait.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.delay
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for HookError {
    fn from(error: E) -> Self {
        Self::transient(error)
    }
}

impl fmt::Debug for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookError")
            .field("source", &self.source)
            .field("transient", &self.transient)
            .field("delay", &self.delay)
            .finish()
    }
}

/// Writes the error and what caused it.
impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)?;
        let mut cause = self.source.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Why a store could not do its work.
#[derive(Debug)]
pub struct StoreError {
    message: String,
    source: Option<Source>,
}

impl StoreError {
    /// A failure that a message describes.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// A failure that another error caused.
    #[must_use]
    pub fn caused(message: impl Into<String>, source: impl Into<Source>) -> Self {
        Self { message: message.into(), source: Some(source.into()) }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
