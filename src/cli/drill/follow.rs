//! A drill from its beginning to its report. The daemon does all of it; who follows it may come late, lose
//! sight of it, and find it again.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use super::check::{Check, check};
use super::folder;
use crate::admin::DrillText;
use crate::cli::args::BeginDrillArgs;
use crate::cli::client::Client;
use crate::cli::{CommandResult, finish, show};
use crate::drill::{DrillState, Report};
use crate::duration::format_duration;

/// How often the daemon is asked how far it is.
const LOOK: Duration = Duration::from_millis(500);
/// So many looks in a row may fail, as while a daemon starts again.
const FAILED_LOOKS: u32 = 120;

/// A drill that is followed.
struct Followed<'a> {
    client: &'a Client,
    interrupts: Signal,
    /// As it was last seen.
    report: Report,
    /// How many looks have failed since, and why the last one did.
    failed: u32,
    why: String,
}

/// Begins a drill, follows it to its end, and writes its report.
pub(super) async fn run(args: &BeginDrillArgs, json: bool, client: &Client) -> CommandResult {
    let wish = DrillText {
        target: args.target.to_string(),
        lifetime: format_duration(args.lifetime),
        reason: args.reason.clone(),
        force: args.force,
    };
    folder::may_write(args.report.as_deref())?;
    // From here on an interrupt puts back what is taken away.
    let interrupts = signal(SignalKind::interrupt())
        .map_err(|error| format!("cannot wait for interrupts: {error}"))?;
    let report: Report = client.post_json(&["drills"], &wish).await?;
    if args.no_wait {
        return show(json, &report, |report| report.id.clone());
    }
    say(&format!("{} is away until {}; Ctrl-C puts it back at once", report.target, report.ends));
    let mut followed = Followed { client, interrupts, report, failed: 0, why: String::new() };
    let checked = followed.follow(args.check.as_deref()).await;
    report_of(&followed.report, checked, args, json)
}

impl Followed<'_> {
    /// To its end; returns what came of the check.
    async fn follow(&mut self, command: Option<&str>) -> Option<Check> {
        let mut checked = None;
        while !self.report.state.is_over() {
            tokio::select! {
                () = sleep(LOOK) => self.look().await,
                _ = self.interrupts.recv() => self.put_back().await,
            }
            if let (DrillState::Away, None, Some(command)) = (self.report.state, &checked, command)
            {
                checked = Some(self.check(command).await);
            }
        }
        checked.or_else(|| {
            let why = "it was over before all clients had moved";
            command.map(|command| Check::not_run(command, why))
        })
    }

    async fn look(&mut self) {
        let seen: Result<Report, String> = self.client.get(&["drills", &self.report.id]).await;
        match seen {
            Ok(report) => {
                if self.failed > 0 {
                    say("the daemon tells of it again");
                }
                self.failed = 0;
                let is_news = report.state != self.report.state;
                self.report = report;
                if is_news && !self.report.state.is_over() {
                    say(&progress(&self.report));
                }
            }
            Err(why) => {
                if self.failed == 0 {
                    let ends = &self.report.ends;
                    say(&format!("{why}\nlooking again; it comes back by itself at {ends}"));
                }
                self.failed += 1;
                self.why = why;
                if self.failed >= FAILED_LOOKS {
                    self.give_up();
                }
            }
        }
    }

    async fn put_back(&mut self) {
        say("putting it back");
        let is_gone = self.failed > 0;
        if let Err(why) = self.client.delete(&["drills", &self.report.id]).await {
            say(&why);
            self.why = why;
            match is_gone {
                // Said twice, it is meant.
                true => self.give_up(),
                // It may be back already.
                false => self.look().await,
            }
        }
    }

    /// What was last seen of it is all that will ever be known here.
    fn give_up(&mut self) {
        let Report { target, ends, state, .. } = &mut self.report;
        *state = DrillState::Interrupted;
        say(&format!(
            "nobody tells of it any more: {}\nthe override on {target} ends by itself at {ends}; `steersman clear \
             {target}` puts it back before",
            self.why
        ));
    }

    async fn check(&mut self, command: &str) -> Check {
        say(&format!("running the check: {command}"));
        // Whoever sees that the backup is not well must not wait for the end of that.
        tokio::select! {
            check = check(command, &self.report) => return check,
            _ = self.interrupts.recv() => {}
        }
        self.put_back().await;
        Check::not_run(command, "interrupted")
    }
}

/// Writes the folder, and says what it comes to.
fn report_of(
    report: &Report,
    checked: Option<Check>,
    args: &BeginDrillArgs,
    json: bool,
) -> CommandResult {
    let folder =
        args.report.clone().unwrap_or_else(|| PathBuf::from(format!("drill-{}", report.id)));
    let written = folder::write(&folder, report, checked.as_ref())?;
    let check_words =
        checked.as_ref().map(|check| format!("\n{}", check.words())).unwrap_or_default();
    let words = format!("{}{check_words}\nreport: {}", progress(report), written.display());
    let told = show(json, &folder::told(report, checked.as_ref())?, |_| words.clone())?;
    let is_good = report.state != DrillState::Interrupted
        && report.figures.not_moved == 0
        && report.figures.strays == 0
        && checked.is_none_or(|check| check.good);
    match is_good {
        true => Ok(told),
        false => {
            if json {
                finish(Ok(told));
            }
            Err(words)
        }
    }
}

fn say(text: &str) {
    // A reader that has gone away misses nothing but this.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn progress(report: &Report) -> String {
    let figures = &report.figures;
    let count = report.clients.len();
    let seconds = |time: Option<f64>| time.map_or("not yet".into(), |time| format!("{time:.3} s"));
    match report.state {
        DrillState::Moving => "clients are moving".into(),
        DrillState::Away => format!(
            "{} clients have moved, the last after {}; recovery time with what resolvers hold: {}",
            figures.moved,
            seconds(figures.last_moved_s),
            seconds(figures.recovery_s)
        ),
        DrillState::Returning => "it is back; clients are returning".into(),
        DrillState::Interrupted => format!(
            "interrupted, by an override of somebody else or by the end of the daemon; {} of {count} clients had \
             moved\n`steersman status` says how things stand, and `steersman drill end {}` puts back what it left away",
            figures.moved, report.id
        ),
        DrillState::Done | DrillState::Ended if figures.not_moved > 0 || figures.strays > 0 => {
            format!(
                "{} of {count} clients did not move, {} answers strayed back",
                figures.not_moved, figures.strays
            )
        }
        DrillState::Done | DrillState::Ended => {
            let back = match figures.not_returned {
                0 => format!("the last was back after {}", seconds(figures.last_returned_s)),
                count => format!("{count} are not back"),
            };
            format!(
                "{} clients moved, the last after {}; recovery time {}; {back}",
                figures.moved,
                seconds(figures.last_moved_s),
                seconds(figures.recovery_s),
            )
        }
    }
}
