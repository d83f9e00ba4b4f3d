//! A model small enough for chance to reach its levels: two practices, then one for each level.

use std::sync::LazyLock;

use gradus_model::Catalog;

/// `tiny`: PA01 with two base practices; PA02, an organizational area, with one; PA03 with none.
pub(crate) static TINY: LazyLock<Catalog> = LazyLock::new(tiny);

fn tiny() -> Catalog {
    let levels = (0..=5).map(|level| {
        format!("[[level]]\nnumber = {level}\ntitle = \"Level {level}\"\ncheck = \"recalled\"\n")
    });
    let features = (1..=5).map(|level| {
        format!(
            "[[common_feature]]\nid = \"{level}.1\"\nlevel = {level}\ntitle = \"Feature {level}\"\n\
             check = \"recalled\"\n[[generic_practice]]\nid = \"GP {level}.1.1\"\nlevel = {level}\n\
             common_feature = \"{level}.1\"\ntitle = \"Practice {level}\"\ncheck = \"recalled\"\n"
        )
    });
    let dimension: String = levels.chain(features).collect();
    let text = format!("{TOP}{dimension}{AREAS}");
    Catalog::parse("tiny.toml", &text, None).unwrap()
}

const TOP: &str = r#"
[model]
id = "tiny"
title = "A made-up model"
edition = "made up"

[counts]
listed_process_areas = 3
listed_base_practices = 3
listed_common_features = 5
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
title = "Nobody knows"
category = "project"
bp_complete = false
"#;
