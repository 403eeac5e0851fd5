//! Where a simulated vehicle drives: round in a circle, at a steady speed.

use std::f64::consts::TAU;
use std::time::Duration;

use protocols::{Fix, Now, Report};

use super::random::Random;

const METRES_PER_DEGREE: f64 = 111_195.0;

/// A circular route.
#[derive(Debug, Clone)]
pub struct Route {
    latitude: f64,
    longitude: f64,
    /// Metres.
    radius: f64,
    /// km/h.
    speed: f64,
    /// Where on the circle it starts, in radians.
    start: f64,
}

impl Route {
    /// A route of its own for each source of chance, around one town.
    #[must_use]
    pub fn new(random: &mut Random) -> Self {
        Self {
            latitude: 52.52 + (random.unit() - 0.5) * 0.2,
            longitude: 13.40 + (random.unit() - 0.5) * 0.4,
            radius: 500.0 + random.unit() * 4000.0,
            speed: 30.0 + random.unit() * 60.0,
            start: random.unit() * TAU,
        }
    }

    /// The report at `now`, after driving for `driven`.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // a speed and a course need no more than an f32
    pub fn report(&self, driven: Duration, now: Now) -> Report {
        let angle = self.start + self.speed / 3.6 * driven.as_secs_f64() / self.radius;
        let (east, north) = (self.radius * angle.sin(), self.radius * angle.cos());
        let latitude = self.latitude + north / METRES_PER_DEGREE;
        let longitude =
            self.longitude + east / (METRES_PER_DEGREE * self.latitude.to_radians().cos());
        Report {
            time: Some(now.wall),
            fix: Some(Fix {
                valid: true,
                latitude,
                longitude,
                altitude: Some(34.0),
                speed: Some(self.speed as f32),
                // Clockwise around the centre: the tangent is a quarter turn ahead of the radius.
                course: Some(((angle + TAU / 4.0).to_degrees() % 360.0) as f32),
                satellites: Some(9),
            }),
            archived: false,
            attributes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vehicle_moves_at_its_speed() {
        let route = Route::new(&mut Random::new(1, 1));
        let now = Now { monotonic: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
        let fix = |seconds| route.report(Duration::from_secs(seconds), now).fix.unwrap();
        let (a, b) = (fix(0), fix(10));
        let north = (b.latitude - a.latitude) * METRES_PER_DEGREE;
        let east = (b.longitude - a.longitude) * METRES_PER_DEGREE * a.latitude.to_radians().cos();
        let speed = north.hypot(east) / 10.0 * 3.6;
        assert!((speed - f64::from(a.speed.unwrap())).abs() < 2.0, "{speed} {a:?}");
        assert!(a.on_globe() && b.on_globe());
    }
}
