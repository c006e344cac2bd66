//! `mcphub connect <client> --undo`: puts the file back as it was, or, when somebody else has changed it since, only our entry.

use serde_json::json;

use super::{Connect, Document, Format, Found, agreed, clients, consent, parse, shown, unwritable};
use crate::commands::Desk;
use crate::failure::Failure;

pub(super) fn run(desk: &Desk, wanted: &Connect, found: &Found) -> Result<(), Failure> {
    let place = [wanted.client.table(), wanted.name.as_str()];
    let Some(entry) = parse(found)?.at(&place) else {
        return Err(Failure::usage(format!(
            "{} has no entry named {}",
            shown(found),
            wanted.name
        )));
    };
    let backup = Found::at(&clients::backup_of(&found.path, &wanted.name))?;
    let format = Format::of(&found.path);
    let earlier = Document::parse(format, backup.text());
    let earlier = earlier.map_err(|why| unwritable(&backup, &why))?;
    let before = earlier.at(&place);
    // The earlier text with our entry in it is what we wrote. Is it still that, nobody else's change is lost.
    let ours = earlier.with(place[0], place[1], Some(&entry));
    let untouched = backup.text.is_some() && ours.as_deref() == Ok(found.text());
    let text = if untouched {
        backup.text().to_owned()
    } else {
        let text = parse(found)?.with(place[0], place[1], before.as_ref());
        text.map_err(|why| unwritable(found, &why))?
    };
    let say = |text: &str| desk.output.progress(text);
    say(&format!("  {}: {}", wanted.client.title(), shown(found)));
    let key = clients::key_in(&entry);
    let hide = |text: &str| {
        key.map_or_else(
            || text.to_owned(),
            |key| text.replace(key, super::HIDDEN_KEY),
        )
    };
    say(&format!(
        "\n{}\n",
        consent::difference(&hide(found.text()), &hide(&text))
    ));
    if !agreed(desk.output, wanted.yes, "  Put this back?")? {
        say("  Nothing was changed.");
        return Ok(());
    }
    if untouched && text.is_empty() {
        // There was no file before us.
        clients::remove(&found.path)?;
    } else {
        clients::write(found, &text)?;
    }
    clients::remove(&backup.path)?;
    say(if untouched {
        "  The file is as it was."
    } else {
        "  The entry is as it was; what others changed since then stays."
    });
    if key.is_some() {
        say(
            "  Its bearer key still opens the hub: `mcphub keys` lists it, `mcphub keys delete` ends it.",
        );
    }
    desk.output.result(&json!({ "success": true, "client": wanted.client.word(), "file": shown(found), "changed": true, "whole": untouched }));
    Ok(())
}
