//! An area with a level, as it is written on the command line: `PA11=2`.

use std::ops::RangeInclusive;

use gradus_model::AreaId;

/// Reads an area, with or without its model, and a level.
///
/// # Errors
///
/// What the text should have been.
pub fn area_level(text: &str, levels: &RangeInclusive<u8>) -> Result<(String, u8), String> {
    let read = || {
        let (area, level) = text.split_once('=')?;
        let (_, id) = area.rsplit_once('/').unwrap_or(("", area));
        id.parse::<AreaId>().ok()?;
        let level = level.parse().ok().filter(|level| levels.contains(level))?;
        Some((area.to_owned(), level))
    };
    read().ok_or_else(|| {
        let (least, most) = (levels.start(), levels.end());
        format!("`{text}` is no area with a level from {least} to {most}: write it like PA11=2")
    })
}
