//! What is known of devices: the last state of each, and those that were refused.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Attributes, Millis};

/// Last known state of a device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct DeviceState {
    /// When the gateway last stored something from it.
    pub seen: Millis,
    /// Time of the last position, by the device's clock if plausible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_time: Option<Millis>,
    /// Latitude in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Longitude in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// Speed in km/h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f32>,
    /// Course in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<f32>,
    /// Altitude in metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude: Option<f32>,
    /// Satellites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satellites: Option<u16>,
    /// Other named values, newest of each name.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// Named values kept per device; a device that invents ever new names does not grow without bound.
const MAX_ATTRIBUTES: usize = 256;

impl DeviceState {
    /// Takes over what `newer` says. What it does not say is kept. What comes with a position from the device's memory does not
    /// replace what came with a later one.
    pub fn merge(&mut self, newer: Self) {
        self.seen = self.seen.max(newer.seen);
        let late = newer.fix_time.is_some() && newer.fix_time < self.fix_time;
        if newer.fix_time.is_some() && !late {
            self.fix_time = newer.fix_time;
            (self.latitude, self.longitude) = (newer.latitude, newer.longitude);
            (self.speed, self.course, self.altitude) = (newer.speed, newer.course, newer.altitude);
            self.satellites = newer.satellites;
        }
        for (name, value) in newer.attributes {
            let known = self.attributes.get(&name).is_some();
            let wanted = if known { !late } else { self.attributes.len() < MAX_ATTRIBUTES };
            if wanted {
                self.attributes.insert(name, value);
            }
        }
    }
}

/// A device that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stranger {
    /// Protocol.
    pub protocol: String,
    /// What it called itself.
    pub identity: String,
    /// Where it last came from.
    pub address: IpAddr,
    /// Why it was refused last.
    pub reason: String,
    /// How often it tried, since the daemon started or forgot it.
    pub count: u64,
    /// First time.
    pub first: Millis,
    /// Last time.
    pub last: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_from_memory_does_not_replace_a_later_one() {
        let at = |fix: i64, latitude: f64| DeviceState {
            seen: Millis(fix),
            fix_time: Some(Millis(fix)),
            latitude: Some(latitude),
            ..DeviceState::default()
        };
        let mut state = at(100, 1.0);
        state.attributes.insert("ignition", true);
        let mut late = at(50, 2.0);
        late.attributes.insert("ignition", false);
        state.merge(late);
        assert_eq!((state.latitude, state.fix_time), (Some(1.0), Some(Millis(100))));
        assert_eq!(state.attributes.get("ignition"), Some(&true.into()), "nor what came with it");
        state.merge(at(200, 3.0));
        assert_eq!((state.latitude, state.attributes.len()), (Some(3.0), 1));
        state.merge(DeviceState { seen: Millis(300), ..DeviceState::default() });
        assert_eq!(
            (state.latitude, state.seen),
            (Some(3.0), Millis(300)),
            "what is not said is kept"
        );
    }
}
