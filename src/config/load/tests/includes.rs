//! `$INCLUDE`, and folders of links.

use super::*;

#[test]
fn includes_are_relative_to_the_including_file_and_stay_inside() {
    let folder = Folder::new(&[
        ("example.com.zone", &format!("{ZONE}$INCLUDE inc/a.inc\n")),
        ("inc/a.inc", "a 300 IN A 192.0.2.1\n$INCLUDE b.inc\n$INCLUDE ../inc/b.inc c\n"),
        ("inc/b.inc", "b 300 IN A 192.0.2.2\n"),
        (".hidden/a", "a 300 IN A 192.0.2.1\n"),
        ("inc/.a", "a 300 IN A 192.0.2.1\n"),
        ("1/2/3/4/5/6/7/8/a", "a 300 IN A 192.0.2.1\n"),
        ("1/2/3/4/5/6/7/8/9/a", "a 300 IN A 192.0.2.1\n"),
    ]);
    assert_eq!(folder.world().zones.all()[0].records, 6);
    fs::write(folder.0.path().join("secret"), "s 300 IN TXT x\n").unwrap();
    let expected = "expected a file that can be included";
    let unseen = "it is in a hidden folder, hidden itself, or more than 8 folders down, where no \
                  change of it would be seen";
    for (path, why) in [
        (".hidden/a", unseen),
        ("inc/.a", unseen),
        ("inc/../.hidden/a", unseen),
        ("1/2/3/4/5/6/7/8/9/a", unseen),
        ("../secret", "it is outside of the zones folder"),
        ("inc/../../secret", "it is outside of the zones folder"),
        ("/etc/hostname", "it is outside of the zones folder"),
        ("link", "it is outside of the zones folder"),
        ("inc", "it is not a plain file"),
        ("nothing", "No such file or directory (os error 2)"),
    ] {
        #[cfg(unix)]
        if path == "link" {
            std::os::unix::fs::symlink("../secret", folder.path().join("link")).unwrap();
        }
        folder.write("example.com.zone", &format!("{ZONE}$INCLUDE {path}\n"));
        let finding = format!("zones/example.com.zone:4:10: \"{path}\": {why}; {expected}");
        assert_eq!(folder.findings(), [finding]);
    }
    folder.write("example.com.zone", &format!("{ZONE}$INCLUDE 1/2/3/4/5/6/7/8/a\n"));
    assert_eq!(folder.world().zones.all()[0].records, 4);
    folder.write("example.com.zone", &format!("{ZONE}$INCLUDE example.com.zone\n"));
    let itself = "a file that includes itself: zones/example.com.zone; expected files that do not";
    assert_eq!(folder.findings(), [format!("zones/example.com.zone:4:10: {itself}")]);
}

#[cfg(unix)]
#[test]
fn a_folder_whose_files_are_links_into_a_hidden_one_works() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[
        ("..2026/example.com.zone", &format!("{ZONE}$INCLUDE more.inc\n")),
        ("..2026/more.inc", "a 300 IN A 192.0.2.1\n"),
        ("..2026/pools.toml", POOLS),
        ("..2026/example.com.toml", "[www]\nfailover = 'a'"),
    ]);
    symlink("..2026", folder.path().join("..data")).unwrap();
    for name in ["example.com.zone", "more.inc", "pools.toml", "example.com.toml"] {
        symlink(format!("..data/{name}"), folder.path().join(name)).unwrap();
    }
    let world = folder.world();
    assert_eq!((world.zones.all()[0].records, world.steered[0].len()), (4, 1));
    symlink("nowhere", folder.path().join("gone.zone")).unwrap();
    let findings = folder.findings();
    assert!(findings[0].starts_with("zones/gone.zone:1:1: a file that cannot be read: "));
}
