//! Answers, in every shape that booking pages and forms give them.

use cal_core::{Answer, AnswerValue};
use serde_json::Value;

#[test]
fn labelled_and_bare_answers_keep_their_shape() {
    for text in [
        r#"{"isHidden":false,"label":"your_name","value":"Ada"}"#,
        r#"{"label":"Plan"}"#,
        r#""Ada""#,
        r#"["a@example.com"]"#,
        r#"{"optionValue":"+4711111","value":"phone"}"#,
        r#"{"firstName":"Ada","lastName":"Moe"}"#,
    ] {
        let answer: Answer = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&serde_json::to_value(&answer).unwrap()).unwrap(), text);
    }
    let bare: Answer =
        serde_json::from_str(r#"{"value":"phone","optionValue":"+4711111"}"#).unwrap();
    assert!(matches!(bare.value, Some(AnswerValue::Choice { .. })));
}

#[test]
fn every_kind_of_value_goes_there_and_back() {
    for text in [
        r#""12""#,
        "true",
        "7",
        "1.5",
        r#"["a","b"]"#,
        "[]",
        r#"[1,"b"]"#,
        r#"{"optionValue":"+4711111","value":"phone"}"#,
        r#"{"firstName":"Ada","lastName":"Moe"}"#,
        r#"{"street":"Kaigata 1","zip":5003}"#,
    ] {
        let value: AnswerValue = serde_json::from_str(text).unwrap();
        let wire: Value = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_value(&value).unwrap(), wire, "{text}");
        assert_eq!(AnswerValue::from(wire), value, "{text}");
    }
}

#[test]
fn an_answer_reads_as_a_person_would_write_it() {
    let shown = |text| serde_json::from_str::<AnswerValue>(text).unwrap().to_string();
    assert_eq!(shown(r#"{"value":"phone","optionValue":"+4711111"}"#), "+4711111");
    assert_eq!(shown(r#"{"value":"integrations:daily","optionValue":""}"#), "integrations:daily");
    assert_eq!(shown(r#"{"firstName":"Ada","lastName":""}"#), "Ada");
    assert_eq!(shown(r#"["Pricing","Security"]"#), "Pricing, Security");
}
