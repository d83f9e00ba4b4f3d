//! Lists of questions: what was committed to is opened as it was, and nothing else passes for it.

use super::*;

const AUDITOR: PrincipalId = PrincipalId([7; 16]);

fn row(number: u64) -> QueryRow {
    let seed = u8::try_from(number % 251).unwrap();
    QueryRow {
        number,
        asked_at: Timestamp::from_micros(1_000_000 + i64::try_from(number).unwrap()).unwrap(),
        log_size: 40 + number,
        method: "LevelService/QueryLevels".to_owned(),
        request: vec![seed; 50 + usize::from(seed)],
        more: false,
        salt: [seed; 16],
    }
}

type List = (Vec<(u64, Event)>, BTreeMap<u64, Vec<QueryRow>>);

/// The records and rows of an engagement with batches of so many rows.
fn given(batches: &[u64]) -> List {
    let (mut records, mut opened, mut first, mut position) = (Vec::new(), Vec::new(), 0, 10);
    for count in batches.iter().copied() {
        let rows: Vec<QueryRow> = (first..first + count).map(row).collect();
        let pieces = cut(&rows);
        let root = pieces_root(pieces.iter().map(|(piece, _)| piece));
        let said = QueriesRecorded { auditor: AUDITOR, engagement: 1, first, count, root };
        records.push((position, Event::QueriesRecorded(said)));
        let owned = pieces.into_iter().map(|(piece, rows)| (position, piece, rows.to_vec()));
        opened.extend(owned);
        (first, position) = (first + count, position + 3);
    }
    let ended = EngagementEnded { auditor: AUDITOR, engagement: 1, count: first };
    records.push((position, Event::EngagementEnded(ended)));
    let mut rows = BTreeMap::new();
    for (recorded, Piece { first, count, root }, of) in opened {
        position += 1;
        let said = QueriesOpened { auditor: AUDITOR, engagement: 1, recorded, first, count, root };
        records.push((position, Event::QueriesOpened(said)));
        rows.insert(position, of);
    }
    (records, rows)
}

fn told((records, rows): &List) -> Result<VerifiedQueries, String> {
    verify_queries(records, rows).map_err(|error| error.to_string())
}

#[test]
fn what_was_asked_is_opened_exactly_as_it_was_committed_to() {
    let list = given(&[1, 40, 7]);
    let verified = told(&list).unwrap();
    assert_eq!(verified.rows, (0..48).map(row).collect::<Vec<_>>());
    assert_eq!((verified.committed, verified.withheld), (48, 0));
    assert!(list.1.len() > 3, "forty rows are more than a record tells");
}

#[test]
fn a_row_that_was_changed_left_out_or_added_is_found() {
    let list = given(&[1, 40, 7]);
    let positions: Vec<u64> = list.1.keys().copied().collect();
    for position in positions {
        let mut changed = list.clone();
        changed.1.get_mut(&position).unwrap()[0].request[0] ^= 1;
        assert!(told(&changed).unwrap_err().contains("not those that were committed to"));
        let mut fewer = list.clone();
        fewer.1.get_mut(&position).unwrap().pop();
        assert!(told(&fewer).is_err());
        let mut more = list.clone();
        more.1.get_mut(&position).unwrap().push(row(99));
        assert!(told(&more).is_err());
    }
}

#[test]
fn no_record_of_the_engagement_can_be_left_out_or_changed() {
    let list = given(&[1, 40, 7]);
    for left_out in 0..list.0.len() {
        let mut fewer = list.clone();
        fewer.0.remove(left_out);
        assert!(told(&fewer).is_err(), "{left_out}");
    }
    let mut count = list.clone();
    for (_, event) in &mut count.0 {
        if let Event::QueriesOpened(of) = event {
            of.count += 1;
        }
    }
    assert!(told(&count).is_err());
    let mut other = list;
    other.0.push((
        99,
        Event::EngagementEnded(EngagementEnded {
            auditor: PrincipalId([8; 16]),
            engagement: 1,
            count: 48,
        }),
    ));
    assert_eq!(told(&other).unwrap_err(), "the record at position 99 is none of this engagement");
}

#[test]
fn rows_that_were_erased_are_counted_and_the_others_stay_proved() {
    let (records, mut rows) = given(&[1, 40, 7]);
    let (position, gone) = rows.pop_first().unwrap();
    let verified = verify_queries(&records, &rows).unwrap();
    assert_eq!((verified.withheld, verified.rows.len()), (gone.len() as u64, 48 - gone.len()));
    assert!(position > 0);
}

#[test]
fn an_engagement_that_goes_on_tells_how_many_rows_there_are_and_none_of_them() {
    let (mut records, _) = given(&[1, 40]);
    records.truncate(2);
    let verified = verify_queries(&records, &BTreeMap::new()).unwrap();
    assert_eq!((verified.committed, verified.withheld, verified.ended), (41, 41, None));
}

#[test]
fn rows_are_read_as_they_were_written_and_in_no_other_form() {
    let rows: Vec<QueryRow> = (0..5).map(row).collect();
    assert_eq!(from_text(&to_text(&rows)).unwrap(), rows);
    let bytes = rows[0].to_bytes();
    for cut in 1..bytes.len() {
        assert!(QueryRow::read_all(&bytes[..cut]).is_err(), "{cut}");
    }
    assert!(from_text("!").is_err());
}

#[test]
fn the_same_question_asked_twice_has_two_commitments() {
    let (one, mut other) = (row(3), row(3));
    other.salt = [9; 16];
    assert_ne!(one.commitment(), other.commitment());
}
