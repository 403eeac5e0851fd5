//! Work that is finished even if whoever waits for it goes away.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that goes on in a task of its own when it is dropped before its end.
///
/// A task from the beginning would do as well, but nearly every caller waits, and then it costs a switch there and one back.
pub(super) struct ToTheEnd<T: Send + 'static>(Option<Work<T>>);

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<T: Send + 'static> ToTheEnd<T> {
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<T: Send + 'static> Future for ToTheEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let result = work.as_mut().poll(cx);
        if result.is_ready() {
            self.0 = None;
        }
        result
    }
}

impl<T: Send + 'static> Drop for ToTheEnd<T> {
    fn drop(&mut self) {
        if let Some(rest) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_gets_the_result() {
        assert_eq!(ToTheEnd::new(async { 5 }).await, 5);
    }

    #[tokio::test]
    async fn it_goes_on_when_nobody_waits_any_more() {
        let ((begin, begun), (say, said)) = (oneshot::channel(), oneshot::channel());
        let mut work = ToTheEnd::new(async move {
            begun.await.unwrap();
            say.send("done").unwrap();
        });
        let first = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut work).poll(cx))).await;
        assert!(first.is_pending());
        drop(work);
        begin.send(()).unwrap();
        assert_eq!(said.await, Ok("done"));
    }
}
