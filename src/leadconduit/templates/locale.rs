//! Languages of dates and numbers. One that is not known is English, as it is in the libraries behind the documentation.

/// How dates and numbers are written in a language.
#[derive(Debug)]
pub(super) struct Locale {
    name: &'static str,
    pub(super) months: [&'static str; 12],
    pub(super) short_months: [&'static str; 12],
    pub(super) weekdays: [&'static str; 7],
    pub(super) short_weekdays: [&'static str; 7],
    pub(super) two_letters: [&'static str; 7],
    /// Whether a week begins on Sunday and the first one holds the first of January; else weeks are those of ISO 8601.
    pub(super) from_sunday: bool,
    /// `LT`, `LTS`, `L`, `LL`, `LLL`, `LLLL`.
    pub(super) long: [&'static str; 6],
    pub(super) thousands: char,
    pub(super) currency: &'static str,
}

const ENGLISH: Locale = Locale {
    name: "en",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    short_months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    weekdays: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
    short_weekdays: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
    two_letters: ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"],
    from_sunday: true,
    long: ["h:mm A", "h:mm:ss A", "MM/DD/YYYY", "MMMM D, YYYY", "MMMM D, YYYY h:mm A", "dddd, MMMM D, YYYY h:mm A"],
    thousands: ',',
    currency: "$",
};

/// The documentation writes a sum in it as `€45 302.00`.
const FRENCH: Locale = Locale {
    name: "fr",
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    short_months: ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
    weekdays: ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
    short_weekdays: ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
    two_letters: ["di", "lu", "ma", "me", "je", "ve", "sa"],
    from_sunday: false,
    long: ["HH:mm", "HH:mm:ss", "DD/MM/YYYY", "D MMMM YYYY", "D MMMM YYYY HH:mm", "dddd D MMMM YYYY HH:mm"],
    thousands: ' ',
    currency: "€",
};

const SPANISH: Locale = Locale {
    name: "es",
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    short_months: ["ene.", "feb.", "mar.", "abr.", "may.", "jun.", "jul.", "ago.", "sep.", "oct.", "nov.", "dic."],
    weekdays: ["domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"],
    short_weekdays: ["dom.", "lun.", "mar.", "mié.", "jue.", "vie.", "sáb."],
    two_letters: ["do", "lu", "ma", "mi", "ju", "vi", "sá"],
    from_sunday: false,
    long: [
        "H:mm",
        "H:mm:ss",
        "DD/MM/YYYY",
        "D [de] MMMM [de] YYYY",
        "D [de] MMMM [de] YYYY H:mm",
        "dddd, D [de] MMMM [de] YYYY H:mm",
    ],
    thousands: ' ',
    currency: "€",
};

static KNOWN: [Locale; 3] = [ENGLISH, FRENCH, SPANISH];

/// The language with a name such as `fr` or `fr-CA`.
pub(super) fn named(name: &str) -> &'static Locale {
    let language = name.split(['-', '_']).next().unwrap_or_default();
    KNOWN.iter().find(|locale| language.eq_ignore_ascii_case(locale.name)).unwrap_or(&KNOWN[0])
}

impl Locale {
    /// A number with the sign of its place in a row: `1st`.
    pub(super) fn ordinal(&self, number: i64) -> String {
        let end = match self.name {
            "fr" if number == 1 => "er",
            "fr" => "",
            "es" => "º",
            _ => english_end(number),
        };
        format!("{number}{end}")
    }
}

/// `st`, `nd`, `rd` or `th`.
pub(super) fn english_end(number: i64) -> &'static str {
    let number = number.unsigned_abs();
    match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}
