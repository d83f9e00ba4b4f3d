//! Borrowing from another edition, and the crosswalk that says what corresponds.

use expect_test::expect;

use super::{DRAFT, ISO, check, draft, edit, iso, pinned};
use crate::Digest;
use crate::catalog::Catalog;

#[test]
fn wrong_borrowing_or_crosswalk_is_refused_with_its_line_and_reason() {
    let digest = pinned().to_string();
    let rows = [
        ("model = 'iso-21827-2008'", "model = 'sse-cmm-1997'"),
        ("model = 'iso-21827-2008'", "model = 'iso-2028'"),
        ("successor = 'iso-21827-2008'\n", ""),
        (
            "successor = 'iso-21827-2008'\n\n[borrows]\nmodel = 'iso-21827-2008'",
            "successor = 'iso-2028'\n\n[borrows]\nmodel = 'iso-2028'",
        ),
        (digest.as_str(), "affe"),
        ("bp_complete = false\n", "bp_complete = true\n"),
        ("id = '3.3'\nlevel = 3", "id = '3.4'\nlevel = 3"),
        ("from = 'PA01'", "from = 'PA22'"),
        ("to = 'PA10'", "to = 'PA23'"),
        ("from = 'PA04'\nto = 'PA11'", "from = 'PA04'\nto = 'PA05'"),
        ("from = 'PA02'\nto = 'PA09'", "from = 'PA02'\nto = 'PA10'"),
        ("to = 'PA10'\nrelation = 'renumbered'", "to = 'PA12'\nrelation = 'renumbered'"),
        ("relation = 'split'", "relation = 'divided'"),
        ("basis = 'titles'", "basis = 'stated'"),
        ("from = 'BP.04.01'", "from = 'BP.04.05'"),
        ("from = 'BP.04.01'", "from = 'BP.12.01'"),
        ("to = 'BP.05.01'", "to = 'BP.05.09'"),
        ("to = 'BP.05.01'", "to = 'BP.06.01'"),
        ("from = 'BP.04.02'", "from = 'BP.04.01'"),
    ];
    let lender = iso();
    let parse =
        |text: &str| Catalog::parse("draft.toml", text, Some((&lender, pinned()))).map(drop);
    check(
        DRAFT,
        &rows,
        parse,
        &expect![[r#"
            draft.toml:46: sse-cmm-1997 cannot borrow from itself
            draft.toml:46: borrows from iso-2028, but the crosswalk leads to iso-21827-2008
            draft.toml:530: a crosswalk needs model.successor, the model that it leads to
            draft.toml:46: this model borrows from iso-2028, but was given iso-21827-2008
            draft.toml:47: `affe` is no digest: 64 hexadecimal digits are needed
            draft.toml:448: PA11 lists no base practice: list them, or say bp_complete = false
            draft.toml:40: there is no common feature 3.3 in this model
            draft.toml:531: there is no PA22 in sse-cmm-1997
            draft.toml:532: there is no PA23 in iso-21827-2008
            draft.toml:560: PA04 is linked to PA05 already
            draft.toml:538: PA02 to PA10 is not one to one: another such link has one of them
            draft.toml:636: PA11 to PA12 is not one to one: another such link has one of them
            draft.toml:568: `divided` is no relation: use one of kept, renumbered, renamed, split, merged, partial
            draft.toml:534: `stated` is no ground of a link: use one of titles, reading
            draft.toml:718: sse-cmm-1997 lists no BP.04.05
            draft.toml:718: sse-cmm-1997 lists no BP.12.01
            draft.toml:719: iso-21827-2008 lists no BP.05.09
            draft.toml:719: BP.04.01 is linked to BP.06.01, but their areas are not
            draft.toml:723: BP.04.01 is linked to BP.05.01 already
        "#]],
    );
}

#[test]
fn a_model_borrows_only_from_the_lender_that_it_pins() {
    let alone = Catalog::parse("draft.toml", DRAFT, None).unwrap_err();
    let changed = Catalog::parse("draft.toml", DRAFT, Some((&iso(), Digest::ZERO))).unwrap_err();
    let other = Catalog::parse("draft.toml", DRAFT, Some((&draft(), pinned()))).unwrap_err();
    expect![[r#"
        draft.toml:46: this model borrows from iso-21827-2008, which was not loaded before it
        draft.toml:47: the lender's digest is 0000000000000000000000000000000000000000000000000000000000000000: take over what changed there, then update this one
        draft.toml:46: this model borrows from iso-21827-2008, but was given sse-cmm-1997
    "#]].assert_eq(&format!("{alone}\n{changed}\n{other}\n"));
}

#[test]
fn one_to_one_areas_of_unequal_length_are_refused() {
    let fewer = edit(
        ISO,
        "[[process_area.base_practice]]\nid = 'BP.10.07'\ntitle = 'Obtain Agreement on Security'\n",
        "",
    );
    let fewer = edit(
        &fewer,
        "bp_count = 7\nbp_check = 'verified'\n\n[[process_area.base_practice]]\nid = 'BP.10.01'",
        "bp_count = 6\nbp_check = 'verified'\n\n[[process_area.base_practice]]\nid = 'BP.10.01'",
    );
    let fewer = edit(&fewer, "listed_base_practices = 128", "listed_base_practices = 127");
    let fewer =
        edit(&fewer, "listed_security_base_practices = 61", "listed_security_base_practices = 60");
    let fewer = Catalog::parse("iso.toml", &fewer, None).unwrap();
    let error = Catalog::parse("draft.toml", DRAFT, Some((&fewer, pinned()))).unwrap_err();
    expect!["draft.toml:531: PA01 lists 7 base practices and PA10 lists 6: link them one by one"]
        .assert_eq(&error.to_string());
}
