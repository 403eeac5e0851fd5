//! The neutral names of alarms: the values of the attribute `alarm`.

/// One alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm {
    /// The name.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
}

const fn of(name: &'static str, meaning: &'static str) -> Alarm {
    Alarm { name, meaning }
}

/// All neutral names of alarms, by theme.
pub static ALARMS: &[Alarm] = &[
    // People.
    of("sos", "Emergency button"),
    of("emergency", "Emergency that the device found itself"),
    of("danger", "Danger ahead of the driver"),
    of("fatigue", "Driver tired"),
    of("fatigue_warning", "Driver soon tired"),
    of("driving_time", "Driven too long today"),
    of("rule_violation", "Rule broken"),
    of("heart_rate", "Pulse of the wearer out of bounds"),
    of("fall", "Wearer or device fell"),
    // Driving.
    of("overspeed", "Too fast"),
    of("overspeed_warning", "Soon too fast"),
    of("low_speed", "Too slow"),
    of("harsh_acceleration", "Accelerated hard"),
    of("harsh_braking", "Braked hard"),
    of("harsh_cornering", "Cornered hard"),
    of("collision", "Collision"),
    of("rollover", "Rolled over"),
    of("blind_zone", "Somebody in the blind zone"),
    of("tyre_pressure", "Pressure of a tyre"),
    // Places.
    of("area", "Area entered or left"),
    of("area_in", "Area entered"),
    of("area_out", "Area left"),
    of("route", "Route entered or left"),
    of("off_route", "Route left"),
    of("segment_time", "Too long or too short on a segment"),
    of("parked_too_long", "Parked too long"),
    // Theft.
    of("illegal_movement", "Moved without leave, or towed"),
    of("illegal_ignition", "Ignition on without leave"),
    of("illegal_door", "Door opened without leave"),
    of("stolen", "Vehicle stolen"),
    of("tamper", "Device opened, taken off or taken out"),
    of("vibration", "Vibration"),
    of("jamming", "Mobile network or satellites jammed"),
    // Supply.
    of("power_lost", "Supply of the vehicle lost"),
    of("power_restored", "Supply of the vehicle back"),
    of("low_power", "Supply or battery low"),
    of("power_on", "Device switched on"),
    of("power_off", "Device switched off"),
    // Sensors and faults.
    of("temperature", "Temperature out of bounds"),
    of("fuel_abnormal", "Fuel out of bounds"),
    of("gnss_fault", "Fault of the satellite receiver"),
    of("gnss_antenna_open", "Antenna of the satellite receiver not connected"),
    of("gnss_antenna_short", "Antenna of the satellite receiver short-circuited"),
    of("gsm_antenna_fault", "Fault of the antenna of the mobile network"),
    of("battery_fault", "Fault of the device's own battery"),
    of("display_fault", "Fault of the display"),
    of("tts_fault", "Fault of the speech module"),
    of("camera_fault", "Fault of a camera"),
    of("card_reader_fault", "Fault of the card reader"),
    of("speed_sensor_fault", "Fault of the speed sensor"),
    of("crash_sensor_fault", "Fault of the crash sensor"),
    of("peripheral_lost", "Peripheral unplugged"),
    of("output_overload", "Output overloaded"),
    of("general", "Alarm without further word"),
];
