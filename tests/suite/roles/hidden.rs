//! Answers in which what is hidden could be told from what is not there, and is not.

use gradus_wire::v1 as wire;

use super::{PERSON, two_teams};
use crate::running::refusal;

#[tokio::test]
async fn a_rename_that_was_made_already_tells_nothing_of_a_hidden_unit() {
    let system = two_teams().await;
    let rename = |unit: &str, name: &str| wire::RenameUnitRequest {
        unit: unit.to_owned(),
        name: name.to_owned(),
        ..Default::default()
    };
    system.operator.units.clone().rename_unit(rename("beta", "gamma")).await.unwrap();
    let vic = system.with_role("vic", PERSON, (wire::Role::Admin, "red")).await;
    for unit in ["beta", "zeta", "gamma"] {
        let refused = vic.units.clone().rename_unit(rename(unit, "gamma")).await.unwrap_err();
        assert_eq!(refusal(&refused), format!("NotFound UNIT_UNKNOWN: unit `{unit}` is unknown"));
    }
}

#[tokio::test]
async fn a_principal_that_may_not_be_asked_about_is_unknown_however_it_is_named() {
    let system = two_teams().await;
    let vic = system.with_role("vic", PERSON, (wire::Role::Viewer, "red")).await;
    let other = system.with_role("other", PERSON, (wire::Role::Viewer, "blue")).await;
    drop(other);
    for name in ["other", "nobody"] {
        for named in [name.to_owned(), format!("principals/{name}")] {
            let asked = wire::ListRolesRequest { principal: named, ..Default::default() };
            let refused = vic.roles.clone().list_roles(asked).await.unwrap_err();
            let unknown = format!("NotFound PRINCIPAL_UNKNOWN: principal `{name}` is unknown");
            assert_eq!(refusal(&refused), unknown);
        }
    }
}
