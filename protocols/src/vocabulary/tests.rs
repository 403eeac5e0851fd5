use bytes::Bytes;

use super::*;

#[test]
fn no_name_is_in_two_terms() {
    for (index, one) in VOCABULARY.iter().enumerate() {
        let example = one.name.replace("{n}", "12");
        let found: Vec<_> = VOCABULARY.iter().filter(|term| term.covers(&example)).collect();
        assert_eq!(found, [one], "{example}");
        assert!(!one.meaning.is_empty() && VOCABULARY[index..].iter().any(|term| term == one));
        assert!(one.kind == Kind::Number || (one.unit.is_empty() && one.range.is_none()));
    }
    for (index, one) in ALARMS.iter().enumerate() {
        assert!(!ALARMS[..index].iter().any(|alarm| alarm.name == one.name), "{}", one.name);
    }
}

#[test]
fn units_stand_in_names() {
    let suffixes = [("V", "_v"), ("km", "_km"), ("l", "_l"), ("mm", "_mm"), ("°C", "_c")];
    let others = [("%", "_level"), ("mmHg", "_mmhg"), ("h", "_hours")];
    for term in VOCABULARY {
        for (unit, suffix) in suffixes.into_iter().chain(others) {
            assert_eq!(term.unit == unit, term.name.ends_with(suffix), "{}", term.name);
        }
    }
}

#[test]
fn families_are_numbered() {
    let family = |name: &str| term(name).map(|term| term.name);
    assert_eq!(family("input1"), Some("input{n}"));
    assert_eq!(family("inputs"), Some("inputs"));
    assert_eq!(family("cell12.mcc"), Some("cell{n}.mcc"));
    assert_eq!(family("temperature0_c"), Some("temperature{n}_c"));
    for stranger in ["input", "input01", "input1x", "input-1", "input123456", "cell.mcc", ""] {
        assert_eq!(family(stranger), None, "{stranger}");
    }
}

#[test]
fn kinds_and_ranges_are_checked() {
    let fits = |name: &str, value: Value| term(name).unwrap().fits(&value);
    assert!(fits("ignition", Value::Bool(true)) && !fits("ignition", Value::Int(1)));
    assert!(fits("battery_level", Value::Int(100)) && !fits("battery_level", Value::Int(101)));
    assert!(fits("power_v", Value::Float(24.1)) && !fits("power_v", Value::Float(24_100.0)));
    assert!(!fits("hdop", Value::Float(f64::NAN)) && !fits("hdop", Value::Text("1".to_owned())));
    assert!(fits("alarm", Value::Text("sos".to_owned())));
    assert!(!fits("alarm", Value::Text("SOS".to_owned())));
    assert!(fits("serial_data", Value::Bytes(Bytes::new())) && !fits("imei", Value::Int(1)));
}

#[test]
fn names_of_devices_do_not_take_neutral_ones() {
    let named = |name: &'static str, value| named_by_device(name.into(), value);
    assert_eq!(named("ignition", Value::Int(1)), ("ignition".into(), Value::Bool(true)));
    assert_eq!(named("model", Value::Int(5)), ("model".into(), Value::Text("5".to_owned())));
    assert_eq!(named("power_v", Value::Float(12.5)), ("power_v".into(), Value::Float(12.5)));
    assert_eq!(named("ignition", Value::Int(2)), ("param.ignition".into(), Value::Int(2)));
    assert_eq!(named("pwr", Value::Int(2)), ("pwr".into(), Value::Int(2)));
    assert_eq!(named("voltage2", Value::Int(2)), ("param.voltage2".into(), Value::Int(2)));
    let own = Value::Text("mine".to_owned());
    assert_eq!(named("alarm", own.clone()), ("param.alarm".into(), own));
}

#[test]
fn synonyms_are_of_terms_and_are_none() {
    for (index, (word, neutral)) in SYNONYMS.iter().enumerate() {
        assert_eq!((term(word), synonym(word)), (None, Some(*neutral)), "{word}");
        assert!(VOCABULARY.iter().any(|term| term.name == *neutral), "{neutral}");
        assert!(!SYNONYMS[..index].iter().any(|(other, _)| other == word), "{word}");
    }
    for term in VOCABULARY {
        assert_eq!(synonym(&term.name.replace("{n}", "3")), None, "{}", term.name);
    }
    assert_eq!(synonym("fuel2"), Some("fuel_l"));
    assert_eq!(synonym("oil_temperature3"), Some("…_c"));
    assert_eq!(synonym("io_123"), None);
}
