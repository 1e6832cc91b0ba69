//! The address at which the metrics are served.

use gantry_http::Operations;
use gantry_kernel::Secret;
use tokio::task::JoinHandle;

use crate::listen::Reserved;
use crate::settings::MetricsSettings;
use crate::{StartError, Telemetry};

/// The address of the metrics, taken.
pub(crate) struct Measured {
    reserved: Reserved,
    token: Option<Secret<String>>,
}

impl Measured {
    /// `None` when they are not served.
    pub(crate) fn reserve(settings: &MetricsSettings) -> Result<Option<Self>, StartError> {
        let Some(address) = settings.listen else {
            return Ok(None);
        };
        let reserved =
            Reserved::bind(address).map_err(|source| StartError::Listen { address, source })?;
        Ok(Some(Self {
            reserved,
            token: settings.token(),
        }))
    }

    /// Begins to serve them, and says where.
    pub(crate) fn serve(
        self,
        telemetry: &Telemetry,
        lines: &mut Vec<String>,
    ) -> Result<JoinHandle<()>, StartError> {
        let address = self.reserved.address;
        let listener = self
            .reserved
            .listen()
            .map_err(|source| StartError::Listen { address, source })?;
        lines.push(format!("metrics: http://{address}/metrics"));
        let operations = Operations::new(telemetry.metrics.clone(), self.token);
        Ok(tokio::spawn(
            operations.serve(listener, std::future::pending()),
        ))
    }
}
