//! Metrics in Prometheus text, for whoever renders them.

use std::sync::Arc;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use super::metrics::DELIVERY_SECONDS;

/// Upper bounds of the buckets of delivery times: ten per decade, from 50 µs to 63 s.
fn delivery_buckets() -> Vec<f64> {
    (0..=61).map(|step| 50e-6 * 10_f64.powf(f64::from(step) / 10.0)).collect()
}

/// Renders all metrics.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// Starts collecting metrics, once per process and before anything registers one.
///
/// # Errors
/// If something collects metrics already.
pub fn install() -> anyhow::Result<Render> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(DELIVERY_SECONDS.to_owned()), &delivery_buckets())?
        .install_recorder()
        .context("cannot collect metrics")?;
    Ok(Arc::new(move || {
        handle.run_upkeep();
        handle.render()
    }))
}
