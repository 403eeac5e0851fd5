//! What clients put on the wire, and what becomes of it.

use super::*;

fn json(body: &str) -> Params {
    Params::new(body.as_bytes().to_vec(), true, "").unwrap()
}

fn form(body: &str) -> Params {
    Params::new(body.as_bytes().to_vec(), false, "").unwrap()
}

fn query(query: &str) -> Params {
    Params::new(Vec::new(), false, query).unwrap()
}

#[test]
fn the_body_comes_before_the_query() {
    let params = Params::new(br#"{"a": 1, "b": null}"#.to_vec(), true, "a=2&b=3&c=4").unwrap();
    assert_eq!(params.int("a").unwrap(), Some(1));
    assert_eq!(params.int("b").unwrap(), Some(3), "null is absent");
    assert_eq!(params.int("c").unwrap(), Some(4));
    assert_eq!(params.int("d").unwrap(), None);
}

#[test]
fn integers_are_numbers_or_digits() {
    for params in [json(r#"{"a": 12}"#), json(r#"{"a": "12"}"#), form("a=12"), query("a=12")] {
        assert_eq!(params.int("a").unwrap(), Some(12));
    }
    assert_eq!(json(r#"{"a": -7}"#).int("a").unwrap(), Some(-7));
}

#[test]
fn what_is_no_32_bit_integer_is_named() {
    for value in
        ["1.5", "1.0", "1e3", "true", "[]", "{}", r#""abc""#, r#""""#, "2147483648", r#""0x1""#]
    {
        let error = json(&format!(r#"{{"a": {value}}}"#)).int("a").unwrap_err();
        let problem = ["must be an integer", "must be between -2147483648 and 2147483647"]
            .map(|text| ApiError::invalid("a", text));
        assert!(problem.contains(&error), "{value}: {error:?}");
    }
    assert!(form("a=1&a=2").int("a").is_err(), "two values for one");
    assert!(form("a[]=1").int("a").is_err(), "an array for one");
    assert!(json(r#"{"a": 1, "a": 2}"#).int("a").is_err(), "a member twice");
}

#[test]
fn arrays_come_in_every_form_libraries_have() {
    for params in [
        json(r#"{"t": [1, 2]}"#),
        json(r#"{"t": ["1", 2]}"#),
        json(r#"{"t": "[1, 2]"}"#),
        json(r#"{"t": "[\"1\", \"2\"]"}"#),
        json(r#"{"t": "1,2"}"#),
        form("t=[1, 2]"),
        form("t=%5B1%2C+2%5D"),
        form("t=1&t=2"),
        form("t[]=1&t[]=2"),
        form("t[0]=1&t[1]=2"),
        query("t%5B%5D=1&t%5B%5D=2"),
        query("t=1%2C2"),
    ] {
        assert_eq!(params.ints("t").unwrap(), Some(vec![1, 2]), "{params:?}");
    }
}

#[test]
fn an_empty_array_is_not_an_absent_one() {
    assert_eq!(json(r#"{"t": []}"#).ints("t").unwrap(), Some(vec![]));
    assert_eq!(json(r#"{"t": "[]"}"#).ints("t").unwrap(), Some(vec![]));
    assert_eq!(form("t=[]").ints("t").unwrap(), Some(vec![]));
    assert_eq!(json(r#"{"t": null}"#).ints("t").unwrap(), None);
    assert_eq!(form("t=null").ints("t").unwrap(), None);
}

#[test]
fn an_array_is_understood_whole_or_not_at_all() {
    for params in [
        json(r#"{"t": [1, null]}"#),
        json(r#"{"t": [1, [2]]}"#),
        json(r#"{"t": 5}"#),
        json(r#"{"t": true}"#),
        json(r#"{"t": ""}"#),
        json(r#"{"t": {"0": 1}}"#),
        form("t=1&t=x"),
        form("t[]="),
        form("t=1,,2"),
        form("t=[1,2"),
        form("t[a]=1"),
        form("t=%ff"),
    ] {
        assert!(params.ints("t").is_err(), "{params:?}");
    }
}

#[test]
fn texts_for_nothing_are_absent_in_forms_only() {
    for value in ["null", "undefined", ""] {
        assert_eq!(form(&format!("a={value}")).text("a").unwrap(), None);
        assert_eq!(query(&format!("a={value}")).int("a").unwrap(), None);
        assert_eq!(json(&format!(r#"{{"a": "{value}"}}"#)).text("a").unwrap().unwrap(), value);
    }
}

#[test]
fn a_required_text_may_be_the_word_null() {
    assert_eq!(form("m=null").need_text("m").unwrap(), "null");
    assert!(json(r#"{"m": null}"#).need_text("m").is_err());
    assert!(form("").need_text("m").is_err());
}

#[test]
fn half_a_surrogate_pair_spoils_its_parameter_only() {
    let params = json(r#"{"m": "\ud800", "ok": "\ud83d\ude9a", "n": 1}"#);
    assert!(params.need_text("m").is_err());
    assert_eq!(params.need_text("ok").unwrap(), "🚚");
    assert_eq!(params.int("n").unwrap(), Some(1));
}

#[test]
fn a_text_is_not_made_from_other_values() {
    for value in ["1", "true", "[]", "{}"] {
        assert!(json(&format!(r#"{{"m": {value}}}"#)).need_text("m").is_err(), "{value}");
    }
}

#[test]
fn booleans_have_any_case() {
    for (text, truth) in [("true", true), ("True", true), ("FALSE", false), ("False", false)] {
        assert_eq!(form(&format!("b={text}")).boolean("b").unwrap(), Some(truth));
        assert_eq!(json(&format!(r#"{{"b": "{text}"}}"#)).boolean("b").unwrap(), Some(truth));
    }
    assert_eq!(json(r#"{"b": false}"#).boolean("b").unwrap(), Some(false));
    assert!(json(r#"{"b": 1}"#).boolean("b").is_err() && form("b=yes").boolean("b").is_err());
}

#[test]
fn arrays_of_texts() {
    let two = Some(vec!["a,b".to_owned(), "c".to_owned()]);
    for params in [
        json(r#"{"l": ["a,b", "c"]}"#),
        json(r#"{"l": "[\"a,b\", \"c\"]"}"#),
        form(r#"l=["a,b","c"]"#),
        form("l=a,b&l=c"),
        form("l[]=a,b&l[]=c"),
    ] {
        assert_eq!(params.texts("l").unwrap(), two, "{params:?}");
    }
    assert_eq!(form("l=a,b").texts("l").unwrap(), Some(vec!["a,b".to_owned()]));
    assert!(json(r#"{"l": [1]}"#).texts("l").is_err());
    assert!(json(r#"{"l": ["a", null]}"#).texts("l").is_err());
}

#[test]
fn only_a_json_object_is_a_body() {
    for body in ["", "[1]", "\"x\"", "5", "null", "{", "{\"a\":}", "{} x", "{\"a\": 01}", "\u{1}"] {
        let error = Params::new(body.as_bytes().to_vec(), true, "").unwrap_err();
        assert_eq!(error, Code::WRONG_FORMAT.into(), "{body}");
    }
    assert!(Params::new(vec![b'{', 0xff, b'}'], true, "").is_err(), "not UTF-8");
}

#[test]
fn deep_and_wide_objects_are_refused_without_harm() {
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    assert!(Params::new(deep.into_bytes(), true, "").is_err());
    let wide = (0..=MAX_MEMBERS).map(|n| format!("\"k{n}\":1")).collect::<Vec<_>>().join(",");
    let error = Params::new(format!("{{{wide}}}").into_bytes(), true, "").unwrap_err();
    assert_eq!(error, Code::TOO_LARGE.into());
}

#[test]
fn a_parameter_can_be_mentioned_as_null() {
    assert!(json(r#"{"a": null}"#).mentions("a") && form("a=").mentions("a"));
    assert!(!json("{}").mentions("a"));
}
