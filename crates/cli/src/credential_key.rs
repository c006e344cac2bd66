//! The key that seals secrets in the settings file: where it is looked for, and how one is made.
//!
//! `MCPHUB_CREDENTIAL_ENCRYPTION_KEY`, the file that `MCPHUB_CREDENTIAL_ENCRYPTION_KEY_FILE` names, and `credential.key` in the
//! data folder, in this order.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hub::vault::Vault;
use secrecy::{ExposeSecret, SecretString};

use crate::environment::Environment;
use crate::failure::Failure;
use crate::operator;

const VARIABLE: &str = "MCPHUB_CREDENTIAL_ENCRYPTION_KEY";

/// The vault with the key that is found, or without one.
pub(crate) fn vault(environment: &Environment) -> Result<Vault, Failure> {
    let Some((from, key)) = find(environment)? else {
        return Ok(Vault::default());
    };
    Vault::with_key(&key).map_err(|error| Failure::usage(format!("{from}: {error}")))
}

/// Makes a key in the data folder, where none was found, and gives its place.
pub(crate) fn make(environment: &Environment) -> Result<PathBuf, Failure> {
    if let Some((from, _)) = find(environment)? {
        return Err(
            Failure::usage(format!("there is a key already: {from}")).cure(
                "use that one; to change keys, unseal with the old one and seal with the new one",
            ),
        );
    }
    let path = place(environment).ok_or_else(|| {
        Failure::usage("there is no data folder to keep a key in")
            .cure("name one in MCPHUB_DATA_DIR")
    })?;
    write(&path)
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))?;
    Ok(path)
}

fn find(environment: &Environment) -> Result<Option<(String, SecretString)>, Failure> {
    if let Some(key) = environment.secret(VARIABLE)? {
        return Ok(Some((VARIABLE.to_owned(), key)));
    }
    let Some(path) = place(environment) else {
        return Ok(None);
    };
    let unreadable = |error| {
        Failure::usage(format!(
            "cannot read the key in {}: {error}",
            path.display()
        ))
    };
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let path = path.display();
            return Err(Failure::usage(format!("others can read the key in {path}"))
                .cure(format!("chmod 600 {path}")));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(&path).map_err(unreadable)?;
    Ok(Some((path.display().to_string(), text.trim().into())))
}

fn place(environment: &Environment) -> Option<PathBuf> {
    operator::data_folder(environment).map(|folder| folder.join("credential.key"))
}

fn write(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{}", Vault::new_key().expose_secret())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_folder(folder: &Path, more: &[(&str, &str)]) -> Environment {
        let mut all = vec![("MCPHUB_DATA_DIR", folder.to_str().unwrap())];
        all.extend_from_slice(more);
        Environment::of(&all)
    }

    #[test]
    fn a_key_that_was_made_is_found_and_not_made_twice() {
        let folder = tempfile::tempdir().unwrap();
        let environment = in_folder(folder.path(), &[]);
        assert!(find(&environment).unwrap().is_none());
        let path = make(&environment).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(vault(&environment).is_ok() && find(&environment).unwrap().is_some());
        assert!(make(&environment).is_err());
    }

    #[test]
    fn the_variable_goes_before_the_file_and_a_weak_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        make(&in_folder(folder.path(), &[])).unwrap();
        let given = in_folder(folder.path(), &[(VARIABLE, "hunter2")]);
        let error = vault(&given).err().unwrap().to_string();
        assert!(
            error.contains(VARIABLE) && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let environment = in_folder(folder.path(), &[]);
        let path = make(&environment).unwrap();
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(&path, open).unwrap();
        let error = vault(&environment).err().unwrap().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}
