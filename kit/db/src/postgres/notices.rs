//! Hearing what other processes tell through the control database.

use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};

use super::error::failure;
use super::tls::Tls;
use crate::DbError;

/// Notices that may lie here unread; whoever sends more is held up by the server.
const UNREAD: usize = 1_024;

/// What is said on one channel, on a connection of its own for as long as this lives.
pub struct Notices {
    /// The connection ends with it.
    _client: Client,
    said: mpsc::Receiver<String>,
}

impl Notices {
    /// Begins to listen. `channel` is a name of ours, written into the statement.
    pub(super) async fn listen(
        server: &Config,
        tls: Option<&Tls>,
        database: &str,
        channel: &'static str,
    ) -> Result<Self, DbError> {
        let mut config = server.clone();
        config.dbname(database);
        match tls {
            Some(tls) => Self::over(&config, tls.clone(), channel).await,
            None => Self::over(&config, NoTls, channel).await,
        }
    }

    async fn over<T>(config: &Config, tls: T, channel: &'static str) -> Result<Self, DbError>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let (client, mut connection) = config.connect(tls).await.map_err(|e| failure(&e))?;
        let (say, said) = mpsc::channel(UNREAD);
        tokio::spawn(async move {
            let mut messages = stream::poll_fn(move |cx| connection.poll_message(cx));
            while let Some(message) = messages.next().await {
                match message {
                    Ok(AsyncMessage::Notification(notice)) => {
                        if say.send(notice.payload().to_owned()).await.is_err() {
                            return;
                        }
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(%error, "the connection for notices ended");
                        return;
                    }
                }
            }
        });
        client
            .batch_execute(&format!("LISTEN {channel}"))
            .await
            .map_err(|e| failure(&e))?;
        Ok(Self {
            _client: client,
            said,
        })
    }

    /// The next notice; `None` when the connection is gone and what was said since may have been missed.
    pub async fn next(&mut self) -> Option<String> {
        self.said.recv().await
    }
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notices").finish_non_exhaustive()
    }
}
