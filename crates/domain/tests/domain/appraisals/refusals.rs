//! Why something cannot be said of an appraisal: every refusal, in words.

use super::*;

fn variant(refusal: &AppraisalRefusal) -> &'static str {
    use AppraisalRefusal as Refused;
    match refusal {
        Refused::Nothing(_) => "nothing",
        Refused::Twice { .. } => "twice",
        Refused::NoLevel(_) => "no level",
        Refused::Leads(_) => "leads",
        Refused::SponsorRates => "sponsor rates",
        Refused::NotAPerson(_) => "not a person",
        Refused::BaseAhead { .. } => "base ahead",
        Refused::ImportedUnits(_) => "imported units",
        Refused::ImportsRefused { .. } => "imports refused",
        Refused::NeverConducted { .. } => "never conducted",
        Refused::BeforeConduct { .. } => "before conduct",
        Refused::NotTheirs { .. } => "not theirs",
        Refused::Over(_) => "over",
        Refused::PartlyClosed => "partly closed",
        Refused::OutOfScope(_) => "out of scope",
        Refused::FeatureNotRead(_) => "feature not read",
        Refused::NotRead(_) => "not read",
        Refused::OutsideBase { .. } => "outside base",
        Refused::NotCarried { .. } => "not carried",
        Refused::Revealed(_) => "revealed",
        Refused::NotAllIn { .. } => "not all in",
        Refused::NothingAllIn { .. } => "nothing all in",
        Refused::NotRevealed(_) => "not revealed",
        Refused::DissentUnexplained(_) => "dissent unexplained",
        Refused::Unsettled { .. } => "unsettled",
        Refused::NotSignedOff => "not signed off",
        Refused::OtherDate { .. } => "other date",
        Refused::OtherRatings { .. } => "other ratings",
    }
}

const VARIANTS: usize = 28;

fn of_input() -> Vec<(Vec<Fact>, Fact)> {
    let wrong = [
        with(|input| input.units.clear()),
        with(|input| input.areas.push(input.areas[0].clone())),
        with(|input| input.areas[0].highest = 6),
        with(|input| input.team = team(&[("mia", Part::Member)])),
        with(|input| input.sponsor = id("leo")),
        with(|input| input.team.push(Member { principal: id("bot"), part: Part::Observer })),
        with(|input| input.team.push(Member { principal: id("gone"), part: Part::Member })),
        with(|input| input.team.push(Member { principal: id("nemo"), part: Part::Member })),
        with(|input| {
            input.base = Some(EvidenceBase { valid_at: day("2026-01-01"), log_size: 1_000 });
        }),
        with(|input| {
            input.base = Some(EvidenceBase { valid_at: day("2027-01-01"), log_size: 1 });
        }),
        with(|input| input.areas[0].area = area("PA23")),
        with(|input| input.units = vec![unit("nowhere")]),
    ];
    wrong.map(|input| (Vec::new(), opened_with(input))).to_vec()
}

fn of_the_rest() -> Vec<(Vec<Fact>, Fact)> {
    let work = || vec![opened()];
    let both = || vec![opened(), sealed("leo", "BP.01.01"), sealed("mia", "BP.01.01")];
    let shown = || and(both(), [revealed(&["BP.01.01"])]);
    let closed_one = || {
        let two = with(|input| input.units.push(unit("other")));
        let mut facts = done();
        facts[0] = opened_with(two);
        and(facts, [signed_off(), closed(3)])
    };
    let in_instance =
        |name: &str| Subject { instance: Some(name.parse().unwrap()), ..of("BP.01.01") };
    vec![
        (vec![], sealed("leo", "BP.01.01")),
        (work(), opened().by("bot")),
        (work(), changed().by("leo")),
        (work(), sealed("oz", "BP.01.01")),
        (work(), agreed("BP.01.01").by("mia")),
        (work(), signed_off().by("sue")),
        (work(), closed(0).by("leo")),
        (and(work(), [cancelled()]), sealed("leo", "BP.01.01")),
        (closed_one(), found()),
        (work(), sealed("leo", "BP.02.01")),
        (work(), sealed("leo", "PA01/GP 2.1.1")),
        (work(), sealed_as("leo", in_instance("line-2"), &[], "satisfied")),
        (vec![opened_with(with(|input| input.areas[0].highest = 2))], sealed("leo", "PA01/2.1")),
        (work(), sealed_as("leo", of("BP.01.01"), &[], "F")),
        (work(), sealed_as("leo", of("BP.01.01"), &["E2"], "satisfied")),
        (work(), sealed_as("leo", of("BP.01.01"), &["E3"], "satisfied")),
        (work(), sealed_as("leo", of("BP.01.01"), &[], "well")),
        (work(), confirmed("BP.01.01", "8")),
        (shown(), sealed("mia", "BP.01.01")),
        (vec![opened(), sealed("leo", "BP.01.01")], revealed(&["BP.01.01"])),
        (both(), agreed("BP.01.01")),
        (both(), signed_off()),
        (shown(), agreed_as("BP.01.01", Some(Value::Satisfied), &["mia"], Payload::empty())),
        (shown(), agreed_as("BP.01.01", None, &[], Payload::empty())),
        (shown(), signed_off()),
        (done(), signed_off().on("2026-07-01")),
        (done(), closed(3)),
        (and(done(), [signed_off()]), closed(3).on("2026-05-30")),
        (and(done(), [signed_off()]), closed(4)),
    ]
}

#[test]
fn every_refusal_of_an_appraisal_says_what_was_seen_and_what_to_do() {
    let all = [of_input(), of_the_rest(), of_imports()].concat();
    let answers = all.iter().map(|(history, proposed)| answer(history, proposed));
    let refused = crate::imports::refused_between("2026-01-01", "2027-01-01");
    // Found out where the team has names.
    let nobody = AppraisalRefusal::NothingAllIn { rated: 0, waits_for: Vec::new() };
    let waits_for = vec![("leo".to_owned(), 4), ("mia".to_owned(), 2)];
    let some = AppraisalRefusal::NothingAllIn { rated: 4, waits_for };
    let waiting = [nobody, some].map(|refusal| Err(Refusal::Appraisal(refusal)));
    let answers: Vec<_> = answers.chain([refused]).chain(waiting).collect();
    let seen: BTreeSet<&str> = answers
        .iter()
        .filter_map(|answer| match answer {
            Err(Refusal::Appraisal(refusal)) => Some(variant(refusal)),
            _ => None,
        })
        .collect();
    assert_eq!(seen.len(), VARIANTS, "{seen:#?}");
    let told: Vec<String> = answers.iter().map(in_words).collect();
    expect![[r#"
        refused: `units` is empty: name at least one
        refused: `areas` names `PA01` twice: name it once
        refused: `highest` is 6: use a level from 1 to 5
        refused: the team has 0 leads: name exactly one
        refused: the sponsor approves what the team rates, and cannot rate: name another one
        refused: principal `bot` is no person: an appraisal is done by people
        refused: principal `gone` was disabled
        refused: principal `nemo` is unknown
        refused: `log_size` is 1000, and the log has 100 records
        refused: `base.valid_at` is 2027-01-01T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T00:00:00Z
        refused: process area `PA23` is unknown in model `iso-21827-2008`
        refused: unit `nowhere` is unknown
        refused: appraisal is unknown
        refused: only a person may take part in an appraisal: a machine's claim is a candidate
        refused: only the sponsor may change the input
        refused: only lead and members of the team may rate in it
        refused: only the lead may record a consensus
        refused: only the lead may sign off
        refused: only the sponsor may approve it
        refused: the appraisal is cancelled: it takes no more of this
        refused: ratings of the appraisal took effect in a unit: only the others can be closed now
        refused: `iso-21827-2008/BP.02.01` is not in the scope of the appraisal
        refused: `iso-21827-2008/PA01/GP 2.1.1` is not in the scope of the appraisal
        refused: `line-2` is not in the scope of the appraisal
        refused: `iso-21827-2008/PA01/2.1` is a common feature, which the unit's rules do not read: rate its practices
        refused: `F` is on a scale that the unit's rules do not read
        refused: evidence `E2` is not among the 100 records of the frozen base
        refused: evidence `E3` is unknown in this unit
        refused: a reason is needed
        refused: `carried` is 8: no rating of `iso-21827-2008/BP.01.01` with this value by an earlier appraisal stands there in the frozen base
        refused: the ratings of `iso-21827-2008/BP.01.01` were revealed: what counts now is the consensus
        refused: `iso-21827-2008/BP.01.01` waits for the ratings of 1 of the team
        refused: the ratings of `iso-21827-2008/BP.01.01` were not revealed: reveal them first
        refused: the ratings of `iso-21827-2008/BP.01.01` were not revealed: reveal them first
        refused: `mia` dissents without a text: say what they hold instead
        refused: a reason is needed
        refused: 4 of the practices in scope are neither agreed on nor left out with a reason; the first is `iso-21827-2008/BP.01.01`
        refused: `effective_at` is 2026-07-01T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T00:00:00Z
        refused: the lead has not signed off: what was said last is not signed for
        refused: the ratings take effect from 2026-05-31T00:00:00Z, as was signed for, not from 2026-05-30T00:00:00Z
        refused: 3 ratings were agreed on for the unit, not 4
        refused: an appraisal of before is brought in unit by unit: name one, not 2
        refused: it was conducted from 2024-03-01T00:00:00Z until 2024-03-01T00:00:00Z: the end has to come after the start
        refused: `effective_at` is 2024-02-29T00:00:00Z, before it was conducted: use 2024-03-01T00:00:00Z or later
        refused: `ratings` is empty: name at least one
        refused: `ratings` has 901 entries, at most 900 are allowed
        refused: `conducted_until` is 2026-07-01T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T00:00:00Z
        refused: `effective_at` is 2026-07-01T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T00:00:00Z
        refused: only a person may take part in an appraisal: a machine's claim is a candidate
        refused: `team` is empty: name at least one
        refused: the appraisal is closed: it takes no more of this
        refused: the rules `strict` refuse appraisals of before (nobody can show how they were rated): conduct it here, or adopt rules without `imports_refused`
        refused: nothing is in from everybody yet: nobody has rated anything
        refused: nothing is in from everybody yet: of 4 rated by some, 4 wait for leo, 2 for mia"#]].assert_eq(&told.join("\n"));
}
