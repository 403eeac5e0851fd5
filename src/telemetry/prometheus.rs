//! Metrics in Prometheus text, for whoever renders them.

use std::sync::Arc;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusBuilder;

/// Renders all metrics.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// Starts collecting metrics, once per process and before anything registers one.
///
/// # Errors
/// If something collects metrics already.
pub fn install() -> anyhow::Result<Render> {
    let handle = PrometheusBuilder::new().install_recorder().context("cannot collect metrics")?;
    Ok(Arc::new(move || {
        handle.run_upkeep();
        handle.render()
    }))
}
