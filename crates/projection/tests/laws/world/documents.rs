//! The published documents: models, and rules of both schemes.

pub(super) const ISO: &str = include_str!("../../../../../config/models/iso-21827-2008.toml");
pub(super) const OF_1997: &str = include_str!("../../../../../config/models/sse-cmm-1997.toml");
pub(super) const STRICT: &str = include_str!("../../../../../config/rules/strict.toml");
pub(super) const TRUSTING: &str = include_str!("../../../../../config/rules/trusted-tools.toml");
/// R1, the mean, the lower of two, no halves; satisfied is F, and not satisfied N.
pub(super) const CONFIGURED: &str = include_str!("../../../../../config/rules/nplf-33020.toml");

/// Rules under which evidence ages within days, and other areas are inherited.
pub(super) const HASTY: &str = r#"
id = "hasty"
title = "Evidence ages within days"
evaluator = 1
scheme = "sse-cmm"
[reads]
satisfaction = true
[coverage]
window = "P10D"
minimum_strength = "weak"
appraisals = "P50D"
[coverage.kinds]
policy = "P1M"
scan-report = "P40D"
[coverage.practices]
"tiny/BP.01.01" = "P5D"
"tiny/PA01/GP 2.1.1" = "P3M"
"iso-21827-2008/BP.01.01" = "P20D"
[[trusted]]
principals = "services"
kinds = ["scan-report"]
[[trusted]]
principals = ["626f6200000000000000000000000000"]
[inheritance]
categories = ["security-engineering"]
"#;

/// All or nothing that reads L and F as satisfied.
pub(super) const LENIENT: &str = r#"
id = "lenient"
title = "Largely is enough"
evaluator = 1
scheme = "sse-cmm"
[reads]
satisfaction = true
nplf = ["F", "L"]
[coverage]
window = "P60D"
minimum_strength = "indirect"
appraisals = "P90D"
[[trusted]]
principals = "services"
"#;

/// R2, the median, the higher of two, with halves; satisfaction is not read.
pub(super) const BY_FEATURE: &str = r#"
id = "by-feature"
title = "Features are rated, in the middle"
evaluator = 1
scheme = "nplf-33020"
[nplf]
method = "R2"
aggregate = "median"
ties = "higher"
fine = true
[reads]
nplf = true
[coverage]
window = "P40D"
minimum_strength = "weak"
appraisals = "P20D"
[coverage.practices]
"tiny/PA01/GP 2.1.1" = "P5D"
[[trusted]]
principals = "services"
[inheritance]
categories = ["security-engineering"]
"#;

/// R3, the mean, the higher of two, with halves; satisfied is L+, and not satisfied P.
pub(super) const OVERALL: &str = r#"
id = "overall"
title = "All instances at once"
evaluator = 1
scheme = "nplf-33020"
[nplf]
method = "R3"
aggregate = "mean"
ties = "higher"
fine = true
[reads]
nplf = true
satisfaction = { satisfied = "L+", not-satisfied = "P" }
[coverage]
window = "P3M"
minimum_strength = "indirect"
[[trusted]]
principals = "services"
[inheritance]
categories = ["organizational"]
"#;

/// R1, the median, the lower of two, with halves; satisfaction is not read.
pub(super) const MIDDLE: &str = r#"
id = "middle"
title = "Practices are rated, in the middle"
evaluator = 1
scheme = "nplf-33020"
[nplf]
method = "R1"
aggregate = "median"
fine = true
[reads]
nplf = true
[coverage]
window = "P1Y"
minimum_strength = "indirect"
appraisals = "P1Y"
[[trusted]]
principals = "services"
"#;

/// A model small enough for chance to reach its levels: PA01 with two base practices; PA02, an
/// organizational area, with one; PA03 with one that may not be all.
pub(super) fn tiny() -> String {
    use std::fmt::Write as _;
    let mut text = TOP.to_owned();
    for level in 0..=5 {
        let check = "check = \"recalled\"";
        writeln!(text, "[[level]]\nnumber = {level}\ntitle = \"Level {level}\"\n{check}").unwrap();
    }
    for (feature, practices) in FEATURES {
        let level = &feature[..1];
        let rest = format!("level = {level}\ntitle = \"Of {level}\"\ncheck = \"recalled\"");
        writeln!(text, "[[common_feature]]\nid = \"{feature}\"\n{rest}").unwrap();
        for number in 1..=practices {
            let id = format!("id = \"GP {feature}.{number}\"\ncommon_feature = \"{feature}\"");
            writeln!(text, "[[generic_practice]]\n{id}\n{rest}").unwrap();
        }
    }
    text + AREAS
}

/// Its common features, and how many generic practices each has.
const FEATURES: [(&str, u8); 6] =
    [("1.1", 1), ("2.1", 3), ("2.2", 1), ("3.1", 1), ("4.1", 1), ("5.1", 1)];

const TOP: &str = r#"
[model]
id = "tiny"
title = "A made-up model"
edition = "made up"
[counts]
listed_process_areas = 3
listed_base_practices = 4
listed_common_features = 6
"#;

const AREAS: &str = r#"
[[process_area]]
id = "PA01"
number = 1
title = "Two practices"
category = "security-engineering"
bp_check = "recalled"
[[process_area.base_practice]]
id = "BP.01.01"
title = "One"
[[process_area.base_practice]]
id = "BP.01.02"
title = "Two"

[[process_area]]
id = "PA02"
number = 2
title = "One practice"
category = "organizational"
bp_check = "recalled"
[[process_area.base_practice]]
id = "BP.02.01"
title = "One"

[[process_area]]
id = "PA03"
number = 3
title = "Perhaps more than one practice"
category = "project"
bp_check = "recalled"
bp_complete = false
[[process_area.base_practice]]
id = "BP.03.01"
title = "One"
"#;
