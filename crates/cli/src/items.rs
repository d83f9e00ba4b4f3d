//! Items of evidence in a file: one JSON object a line, with the field names of the API.
//!
//! Reading is strict, and the first error names its line and field. The descriptors of the API
//! say what there is, so that a new field can be written at once.

use gradus_model::{Edge, Timestamp};
use gradus_wire::v1;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

use crate::error::CliError;
use crate::output::json::Json;
use crate::output::message;
use crate::select;

/// The most items that a call may have.
pub const MOST: usize = 1_000;

/// Reads all items of `text`; `file` is only used to say where an error is.
pub fn read(file: &str, text: &str) -> Result<Vec<v1::EvidenceItem>, CliError> {
    let descriptor = message::descriptor::<v1::EvidenceItem>()?;
    let lines = (1..).zip(text.lines());
    let item = |(line, text): (usize, &str)| {
        one(&descriptor, text).map_err(|problem| CliError::Item {
            file: file.to_owned(),
            line,
            problem,
        })
    };
    lines.map(item).collect()
}

fn one(descriptor: &MessageDescriptor, line: &str) -> Result<v1::EvidenceItem, String> {
    let json: Json = serde_json::from_str(line).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        format!("column {} is not JSON: {reason}", error.column())
    })?;
    let message = read_message(descriptor, "", &json)?;
    for field in ["kind", "outcome", "strength"] {
        if !message.has_field_by_name(field) {
            return Err(format!("`{field}` is missing"));
        }
    }
    message.transcode_to().map_err(|error| error.to_string())
}

fn read_message(of: &MessageDescriptor, path: &str, json: &Json) -> Result<DynamicMessage, String> {
    let Json::Object(entries) = json else { return Err(wrong(path, "an object", json)) };
    let mut message = DynamicMessage::new(of.clone());
    for (at, (key, json)) in entries.iter().enumerate() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let Some(field) = of.get_field_by_name(key) else {
            let known: Vec<_> = of.fields().map(|field| field.name().to_owned()).collect();
            return Err(format!("`{path}` is unknown: the fields are {}", known.join(", ")));
        };
        if entries.iter().take(at).any(|(earlier, _)| earlier == key) {
            return Err(format!("`{path}` is given twice"));
        }
        message.set_field(&field, read_field(&field, &path, json)?);
    }
    Ok(message)
}

fn read_field(field: &FieldDescriptor, path: &str, json: &Json) -> Result<Value, String> {
    let kind = field.kind();
    if field.is_list() {
        let Json::List(values) = json else { return Err(wrong(path, "a list", json)) };
        let values = (0..).zip(values);
        let value = |(at, json): (usize, &Json)| {
            read_value(&kind, field.name(), &format!("{path}[{at}]"), json)
        };
        return values.map(value).collect::<Result<_, _>>().map(Value::List);
    }
    if field.is_map() {
        let Json::Object(entries) = json else { return Err(wrong(path, "an object", json)) };
        let entry = |(key, json): &(String, Json)| {
            let text = read_value(&Kind::String, key, &format!("{path}.{key}"), json)?;
            Ok((MapKey::String(key.clone()), text))
        };
        return entries.iter().map(entry).collect::<Result<_, _>>().map(Value::Map);
    }
    read_value(&kind, field.name(), path, json)
}

fn read_value(kind: &Kind, name: &str, path: &str, json: &Json) -> Result<Value, String> {
    match (kind, json) {
        (Kind::Message(of), Json::Text(text)) if of.full_name() == "google.protobuf.Timestamp" => {
            instant(of, name, path, text)
        }
        (Kind::Message(of), _) if of.full_name() == "google.protobuf.Timestamp" => {
            Err(wrong(path, "a text such as \"2026-03-01\"", json))
        }
        (Kind::Message(of), _) => read_message(of, path, json).map(Value::Message),
        (Kind::Enum(of), Json::Text(text)) => {
            let number = message::number(of, text).ok_or_else(|| {
                let known: Vec<_> = message::words(of).map(|(_, word)| word).collect();
                format!("`{path}` is `{text}`: use one of {}", known.join(", "))
            })?;
            Ok(Value::EnumNumber(number))
        }
        (Kind::String, Json::Text(text)) => Ok(Value::String(text.clone())),
        (Kind::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Kind::Int64, Json::Number(number)) => {
            let number = number.as_i64().ok_or_else(|| wrong(path, "a whole number", json))?;
            Ok(Value::I64(number))
        }
        (Kind::Uint64, Json::Number(number)) => {
            let number = number.as_u64().ok_or_else(|| wrong(path, "a whole number", json))?;
            Ok(Value::U64(number))
        }
        (Kind::Uint32, Json::Number(number)) => {
            let number = number.as_u64().and_then(|number| u32::try_from(number).ok());
            Ok(Value::U32(number.ok_or_else(|| wrong(path, "a small whole number", json))?))
        }
        (Kind::String | Kind::Enum(_), _) => Err(wrong(path, "a text", json)),
        (Kind::Bool, _) => Err(wrong(path, "true or false", json)),
        (_, _) => Err(wrong(path, "a whole number", json)),
    }
}

fn instant(of: &MessageDescriptor, name: &str, path: &str, text: &str) -> Result<Value, String> {
    // A bare date is a start, except where validity ends.
    let edge = if name == "valid_until" { Edge::End } else { Edge::Start };
    let at = Timestamp::parse(text, edge).map_err(|error| format!("`{path}`: {error}"))?;
    let mut message = DynamicMessage::new(of.clone());
    message.transcode_from(&select::wire(at)).map_err(|error| error.to_string())?;
    Ok(Value::Message(message))
}

fn wrong(path: &str, right: &str, json: &Json) -> String {
    if path.is_empty() {
        return format!("the line is {}: write {right}", json.sort());
    }
    format!("`{path}` is {}: write {right}", json.sort())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = r#""kind":"policy","outcome":"supports","strength":"direct""#;

    fn check(rest: &str) -> String {
        let text = format!("{{{START}}}\n{{{START}{rest}}}\n");
        match read("items.jsonl", &text) {
            Ok(items) => message::json(items.last().unwrap()).unwrap().compact(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_item_has_the_fields_of_the_api() {
        let seen = check(
            r#","practices":["BP.10.01"],"work_to":"2026-03-01","valid_until":"2026-03-01",
"source":{"name":"s","id":"1"},"producer_sequence":0,
"measures":[{"name":"m","value":-5,"decimals":1,"unit":"%"}],
"attributes":{"b":"1","a":"2"}"#
                .replace('\n', "")
                .as_str(),
        );
        let expected = r#"{"kind":"policy","outcome":"supports","strength":"direct",
"practices":["BP.10.01"],"work_to":"2026-03-01T00:00:00Z","valid_until":"2026-03-02T00:00:00Z",
"source":{"name":"s","id":"1"},"producer_sequence":0,
"measures":[{"name":"m","value":-5,"decimals":1,"unit":"%"}],"subjects":[],"attachments":[],
"attributes":{"a":"2","b":"1"}}"#;
        assert_eq!(seen, expected.replace('\n', ""));
    }

    #[test]
    fn an_error_names_line_and_field() {
        for (rest, expected) in [
            (r#","practices":"BP.10.01""#, "`practices` is a text: write a list"),
            (r#","practices":["BP.10.01",2]"#, "`practices[1]` is a number: write a text"),
            (
                r#","measures":[{"value":1.5}]"#,
                "`measures[0].value` is a number: write a whole number",
            ),
            (
                r#","measures":[{"name":"a","decimals":-1}]"#,
                "`measures[0].decimals` is a number: write a small whole number",
            ),
            (r#","source":{"nam":"a"}"#, "`source.nam` is unknown: the fields are name, id"),
            (r#","title":"a","title":"b""#, "`title` is given twice"),
            (r#","attributes":{"a":1}"#, "`attributes.a` is a number: write a text"),
            (
                r#","work_to":"yesterday""#,
                "`work_to`: `yesterday` is no date: write 2026-03-01 or 2026-03-01T12:00:00Z",
            ),
            (r#","work_to":5"#, "`work_to` is a number: write a text such as \"2026-03-01\""),
            (r#","strength":"strong""#, "`strength` is given twice"),
            (r#","title":null"#, "`title` is null: write a text"),
        ] {
            assert_eq!(check(rest), format!("items.jsonl: line 2: {expected}"));
        }
    }

    #[test]
    fn what_must_be_said_is_asked_for() {
        let error = |text: &str| read("-", text).unwrap_err().to_string();
        assert_eq!(error("{}"), "-: line 1: `kind` is missing");
        assert_eq!(error("[]"), "-: line 1: the line is a list: write an object");
        assert_eq!(
            error(r#"{"kind":"#),
            "-: line 1: column 8 is not JSON: EOF while parsing a value"
        );
        let kind = r#"{"kind":"song"}"#;
        assert!(error(kind).starts_with("-: line 1: `kind` is `song`: use one of policy, plan,"));
    }

    #[test]
    fn an_empty_line_is_no_item() {
        let error = read("-", &format!("{{{START}}}\n\n{{{START}}}")).unwrap_err().to_string();
        assert_eq!(error, "-: line 2: column 0 is not JSON: EOF while parsing a value");
    }
}
