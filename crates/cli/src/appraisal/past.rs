//! The rows of sheets as ratings of an appraisal of before.

use gradus_wire::v1;

use super::sheet::Given;

/// The ratings in the order of their rows, and what is wrong with the others, row by row.
#[must_use]
pub fn ratings(rows: &[Given]) -> (Vec<v1::ImportedRatingInput>, Vec<String>) {
    let (mut ratings, mut problems) = (Vec::new(), Vec::new());
    for Given { place, rating, .. } in rows {
        match of_row(rating) {
            Ok(rating) => ratings.push(rating),
            Err(problem) => problems.push(format!("{place}: {problem}")),
        }
    }
    (ratings, problems)
}

fn of_row(row: &v1::AppraisalRatingInput) -> Result<v1::ImportedRatingInput, String> {
    if row.carried.is_some() {
        return Err("rating: an appraisal of before confirms nothing: write the value".to_owned());
    }
    if row.value == 0 {
        let problem = "rating: only what was agreed on then is brought in: leave it empty";
        return Err(problem.to_owned());
    }
    let notes = [
        ("questionnaire", &row.questionnaire),
        ("interview", &row.interview),
        ("question", &row.question),
    ];
    if let Some((column, _)) = notes.iter().find(|(_, text)| !text.is_empty()) {
        let problem = "it is not kept of an appraisal of before: write what matters in `rationale`";
        return Err(format!("{column}: {problem}"));
    }
    Ok(v1::ImportedRatingInput {
        subject: row.subject.clone(),
        value: row.value,
        rationale: row.rationale.clone(),
        evidence: row.evidence.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Place;
    use super::*;
    use expect_test::expect;

    #[test]
    fn only_values_with_their_reasons_are_brought_in() {
        let right = v1::AppraisalRatingInput { value: 2, ..Default::default() };
        let rows = [
            v1::AppraisalRatingInput { rationale: "seen".to_owned(), ..right.clone() },
            v1::AppraisalRatingInput { value: 0, ..right.clone() },
            v1::AppraisalRatingInput { carried: Some(7), ..right.clone() },
            v1::AppraisalRatingInput { interview: "yes".to_owned(), ..right },
        ];
        let place = |line| Place { file: "a.csv".to_owned(), line };
        let given = |(line, rating)| Given { place: place(line), rater: String::new(), rating };
        let rows: Vec<Given> = (2..).zip(rows).map(given).collect();
        let (ratings, problems) = ratings(&rows);
        assert_eq!((ratings.len(), ratings[0].rationale.as_str()), (1, "seen"));
        expect![[r#"
            a.csv: line 3: rating: only what was agreed on then is brought in: leave it empty
            a.csv: line 4: rating: an appraisal of before confirms nothing: write the value
            a.csv: line 5: interview: it is not kept of an appraisal of before: write what matters in `rationale`"#]].assert_eq(&problems.join("\n"));
    }
}
