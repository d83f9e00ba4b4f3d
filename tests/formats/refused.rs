//! What every reader must refuse.

use gradus_model::Timestamp;
use gradus_model::ids::hex;
use serde_json::json;

use super::Line;
use super::golden;

/// A body, or a whole leaf, that must be refused.
#[expect(clippy::too_many_lines, reason = "one table, read from top to bottom")]
pub(crate) fn refusals() -> Vec<Line> {
    let id = "50".to_owned() + &"70".repeat(16);
    let other = "50".to_owned() + &"71".repeat(16);
    let hash = "5820".to_owned() + &"72".repeat(32);
    let practices = |list: &str| format!("a200{id}01{list}");
    let model = "6161";
    let label = |text: &str| format!("a2000101{text}");
    let ends = |at: &str| format!("a400{id}01{other}02{hash}03{at}");
    let by_rule = |at: &str| format!("a500{id}018361610101020205a300{at}010002{hash}0680");
    let superseded = 205;
    let rows: Vec<(&str, u16, u16, String)> = vec![
        ("keys out of order", superseded, 1, format!("a201{other}00{id}")),
        ("a key twice", superseded, 1, format!("a200{id}00{id}")),
        ("a key longer than needed", superseded, 1, format!("a21800{id}01{other}")),
        ("a length longer than needed", superseded, 1, format!("a2005810{}01{other}", &id[2..])),
        ("a number of pairs longer than needed", superseded, 1, format!("b80200{id}01{other}")),
        ("a map of indefinite length", superseded, 1, format!("bf00{id}01{other}ff")),
        ("bytes of indefinite length", superseded, 1, format!("a2005f{id}ff01{other}")),
        ("a field that is missing", superseded, 1, format!("a100{id}")),
        ("a field that is not known", superseded, 1, format!("a300{id}01{other}0200")),
        ("a key that is text", superseded, 1, format!("a2613000613100{id}01{other}")),
        ("an id of 15 bytes", superseded, 1, format!("a2004f{}01{other}", "70".repeat(15))),
        ("an id that is text", superseded, 1, format!("a20070{}01{other}", "61".repeat(16))),
        ("a tag", superseded, 1, format!("a200d825{id}01{other}")),
        ("bytes after the body", superseded, 1, format!("a200{id}01{other}00")),
        ("a body that is cut", superseded, 1, format!("a200{id}01{}", &other[..20])),
        ("an array for a map", superseded, 1, format!("82{id}{other}")),
        ("no body", superseded, 1, String::new()),
        ("an integer longer than needed", 209, 1, "a1001805".to_owned()),
        ("an integer of two bytes too long", 209, 1, "a1001900ff".to_owned()),
        ("an integer of four bytes too long", 209, 1, "a1001a0000ffff".to_owned()),
        ("an integer of eight bytes too long", 209, 1, "a1001b00000000ffffffff".to_owned()),
        ("a float", 209, 1, "a100f94500".to_owned()),
        ("a negative version", 209, 1, "a10020".to_owned()),
        ("null", 209, 1, "a100f6".to_owned()),
        ("a boolean", 209, 1, "a100f5".to_owned()),
        ("a big number", 209, 1, "a100c24105".to_owned()),
        ("null for what is left out", 34, 1, ends("f6")),
        ("an instant at the end of 64 bits", 34, 1, ends("1b7fffffffffffffff")),
        ("an instant at the beginning of 64 bits", 34, 1, ends("3b7fffffffffffffff")),
        ("an instant past 64 bits", 34, 1, ends("1bffffffffffffffff")),
        ("an instant after 9998", 34, 1, ends("1b0384275e405f8000")),
        ("an instant before 1900", 34, 1, ends("3b0007d91048bca000")),
        ("an instant that is text", 34, 1, ends("6a323032372d30332d3031")),
        ("a rated moment after 9998", 300, 1, by_rule("1b0384275e405f8000")),
        ("an empty label", 122, 1, label("60")),
        ("a label with a control character", 122, 1, label("610a")),
        ("a label that is not UTF-8", 122, 1, label("61ff")),
        ("a label of 129 bytes", 122, 1, label(&format!("7881{}", "61".repeat(129)))),
        ("text of indefinite length", 122, 1, label("7f6161ff")),
        ("a word that is not in the vocabulary", 122, 1, format!("a2000401{model}")),
        ("a word by its name", 122, 1, format!("a2006772656c6561736501{model}")),
        ("an array of indefinite length", 207, 1, practices("9fff")),
        ("a practice without a number", 207, 1, practices(&format!("8182{model}01"))),
        ("a practice of five numbers", 207, 1, practices(&format!("8186{model}0101010101"))),
        ("area 0", 207, 1, practices(&format!("8183{model}0001"))),
        ("area 100", 207, 1, practices(&format!("8183{model}186401"))),
        ("base practice 0", 207, 1, practices(&format!("8183{model}0100"))),
        ("a feature of level 6", 207, 1, practices(&format!("8184{model}010601"))),
        ("generic practice 10", 207, 1, practices(&format!("8185{model}0101010a"))),
        (
            "a model's id in upper case",
            207,
            1,
            practices("8183614101 01".replace(' ', "").as_str()),
        ),
        ("a type that is not known", 65_535, 1, "a0".to_owned()),
        ("a newer schema", 209, 2, "a10005".to_owned()),
        ("schema 0", 209, 0, "a10005".to_owned()),
    ];
    let body = |(case, event_type, schema, body): (&str, u16, u16, String)| {
        let pairs = vec![
            ("event_type", json!(event_type)),
            ("schema", json!(schema)),
            ("body", json!(body)),
        ];
        Line::new("case", case, pairs)
    };
    let mut lines: Vec<Line> = rows.into_iter().map(body).collect();
    let right = golden::log().swap_remove(0).bytes;
    let changed = |at: usize, to: &[u8]| {
        let mut leaf = right.clone();
        leaf[at..at + to.len()].copy_from_slice(to);
        leaf
    };
    let leaves = [
        ("leaf format 2", changed(0, &[0, 2])),
        ("leaf format 0", changed(0, &[0, 0])),
        ("a stamp before 1900", changed(10, &(Timestamp::MIN.micros() - 1).to_be_bytes())),
        ("a stamp after 9998", changed(10, &(Timestamp::MAX.micros() + 1).to_be_bytes())),
        ("an effective time before 1900", changed(78, &i64::MIN.to_be_bytes())),
        ("an effective time after 9998", changed(78, &i64::MAX.to_be_bytes())),
        ("origin grade 5", changed(102, &[5])),
        ("a signature that is missing", changed(103, &[1])),
        ("a signature of kind 255 that is missing", changed(103, &[255])),
        ("a body past the end", changed(172, &u32::MAX.to_be_bytes())),
        ("a byte after a leaf without signature", [&right[..], &[0]].concat()),
        ("a leaf that is cut", right[..right.len() - 1].to_vec()),
        ("a header that is cut", right[..175].to_vec()),
        ("no leaf", Vec::new()),
    ];
    lines.extend(
        leaves.map(|(case, leaf)| Line::new("case", case, vec![("leaf", json!(hex(&leaf)))])),
    );
    let principal = format!("0050{}", "11".repeat(16));
    let suspects = [
        ("no suspect", 50, 1, "a100a0".to_owned()),
        ("two suspects in one", 50, 1, format!("a100a2{principal}036161")),
        ("a sort of suspect that is not known", 50, 1, "a100a1046161".to_owned()),
    ];
    lines.extend(suspects.map(body));
    lines
}
