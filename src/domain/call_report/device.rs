//! What a device is called where people read it.

/// What stands in the `User-Agent` of a device, and what people call it; the first that fits counts.
const KNOWN: [(&str, &str); 9] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
    // The deployed apps say no more of themselves.
    ("Dart/", "app"),
    ("okhttp", "Android"),
];

/// Names a device by the `User-Agent` it signed in with; `None` if that says nothing.
#[must_use]
pub fn device_name(label: &str) -> Option<String> {
    let known = KNOWN.iter().find(|(word, _)| label.contains(word))?;
    Some(known.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_called_by_what_people_call_it() {
        let name = |label| device_name(label).unwrap_or_default();
        assert_eq!(
            name("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"),
            "iPhone"
        );
        assert_eq!(
            name("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/130"),
            "Android"
        );
        assert_eq!(name("Dart/3.4 (dart:io)"), "app");
        assert_eq!(name("curl/8.0"), "");
    }
}
