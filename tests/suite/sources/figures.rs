//! What a bad source of 100,000 items costs, printed.

use std::time::Instant;

use gradus_wire::v1 as wire;

use super::{checked, distrusted, items, leaked, level, position, rated, restored};
use crate::running::{System, item, submit};

/// Prints what 100,000 items of one source cost: looked at, distrusted, seen, and meanwhile pushed
/// beside.
#[tokio::test]
#[ignore = "prints figures and takes minutes"]
async fn figures_of_a_hundred_thousand_items() {
    let system = System::new().await;
    let units: Vec<String> = (0..20).map(|number| format!("unit-{number}")).collect();
    for unit in &units {
        rated(&system, unit).await;
    }
    let service = wire::PrincipalKind::Service;
    let leak = system.with_role("leak", service, (wire::Role::Collector, "organization")).await;
    let timer = Instant::now();
    for unit in &units {
        for call in 0..5 {
            let mut batch = items(&format!("leak-{call}"), 200);
            batch.truncate(1_000);
            leak.evidence.clone().submit_evidence(submit(unit, batch)).await.unwrap();
        }
    }
    println!("100,000 items pushed in {:?}", timer.elapsed());
    let good = system.with_role("good", service, (wire::Role::Collector, "organization")).await;
    let one = async |id: &str| {
        let timer = Instant::now();
        good.evidence.clone().submit_evidence(submit("unit-0", vec![item(id)])).await.unwrap();
        timer.elapsed()
    };
    println!("another tool's item before: {:?}", one("before").await);
    let timer = Instant::now();
    let look = wire::DistrustSourceRequest { append: checked(), ..leaked("leak") };
    let looked = distrusted(&system, look).await.impact.unwrap();
    let (items, levels) = (looked.items, looked.levels_total);
    println!("looked at in {:?}: {items} items, {levels} levels", timer.elapsed());
    assert_eq!((items, levels), (100_000, 20));
    let timer = Instant::now();
    let (answer, beside) = tokio::join!(distrusted(&system, leaked("leak")), one("meanwhile"));
    println!("distrusted, and seen by every view, in {:?}", timer.elapsed());
    println!("another tool's item meanwhile: {beside:?}");
    assert!(level(&system, "unit-19").await.ends_with("ongoing 0; 0/5 covered"));
    let timer = Instant::now();
    restored(&system, position(answer.receipt.as_ref()), None).await;
    println!("restored in {:?}", timer.elapsed());
    assert!(level(&system, "unit-19").await.ends_with("5/5 covered"));
}
