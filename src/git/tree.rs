//! A folder with the files of a commit, before anybody reads them.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Says what of a tree is no part of it: links that lead elsewhere.
pub(super) fn check_links(top: &Path) -> Result<(), String> {
    let inside = fs::canonicalize(top).map_err(|error| format!("{}: {error}", top.display()))?;
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder);
        for entry in entries.map_err(|error| format!("{}: {error}", folder.display()))?.flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
                folders.push(path);
            } else if kind.is_ok_and(|kind| kind.is_symlink())
                && !fs::canonicalize(&path).is_ok_and(|target| target.starts_with(&inside))
            {
                let within = path.strip_prefix(top).unwrap_or(&path);
                return Err(format!(
                    "{}: a link that leads out of the repository, or nowhere",
                    within.display()
                ));
            }
        }
    }
    Ok(())
}

/// Has all that was written on the disk of a folder be there after a loss of power.
pub(super) fn on_disk(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        fs::create_dir_all(tree.join("zones/more")).unwrap();
        fs::write(tree.join("zones/a"), "").unwrap();
        symlink("../a", tree.join("zones/more/b")).unwrap();
        symlink("more", tree.join("zones/c")).unwrap();
        assert_eq!(check_links(&tree), Ok(()));
        for target in ["/etc/hostname", "../../../tree-not", "nowhere", "../.."] {
            let link = tree.join("zones/out");
            symlink(target, &link).unwrap();
            let wanted = "zones/out: a link that leads out of the repository, or nowhere";
            assert_eq!(check_links(&tree), Err(wanted.into()), "{target}");
            fs::remove_file(link).unwrap();
        }
    }
}
