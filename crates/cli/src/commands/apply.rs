//! `gradus apply`: brings a server to a declared state.

use crate::apply::plan::{Change, Mark, plan};
use crate::apply::{declared, server};
use crate::args::append::AppendArgs;
use crate::args::apply::ApplyArgs;
use crate::error::CliError;
use crate::output::apply;
use crate::session::Session;

/// Shows what is to be done, or does it.
pub async fn run(session: &Session, args: ApplyArgs) -> Result<(), CliError> {
    let declared = declared::read(&args.file)?;
    let state = server::read(session, &declared, args.prune).await?;
    let changes = plan(&args.file, &declared, &state, args.prune)?;
    let open = changes.iter().filter(|change| change.step.is_some()).count();
    if args.plan {
        session.output.show(&apply::view(&changes, false))?;
        return if open == 0 { Ok(()) } else { Err(CliError::Pending(open)) };
    }
    let removed = changes.iter().filter(|change| change.mark == Mark::Remove).count();
    if removed > 0 {
        let roles = if removed == 1 { "role" } else { "roles" };
        let question = format!("revoke {removed} {roles}");
        session.confirm(&question, args.confirm.yes, &AppendArgs::default()).await?;
    }
    perform(session, &changes, open).await?;
    session.output.show(&apply::view(&changes, true))
}

/// Does one step after the other; what was done stays where one is refused.
async fn perform(session: &Session, changes: &[Change], open: usize) -> Result<(), CliError> {
    let steps = changes.iter().filter_map(|change| Some((change, change.step.clone()?)));
    for (done, (change, (step, version))) in steps.enumerate() {
        let Change { mark, what, name, detail, .. } = change;
        let told = format!("{} {what} {name}: {detail}", mark.sign());
        if let Err(error) = step.perform(session, version).await {
            session.output.note(&format!(
                "stopped at: {told}\n{done} of {open} changes were made; run it again to go on"
            ))?;
            return Err(error);
        }
        session.output.note(&told)?;
    }
    Ok(())
}
