//! Languages of dates and numbers. Unknown languages fall back to English, as in the libraries that the documentation
//! refers to. A new language is a constant in [`LOCALES`].

/// The format of dates and numbers in a language.
#[derive(Debug)]
pub(super) struct Locale {
    name: &'static str,
    pub(super) months: [&'static str; 12],
    pub(super) short_months: [&'static str; 12],
    pub(super) weekdays: [&'static str; 7],
    pub(super) short_weekdays: [&'static str; 7],
    pub(super) narrow_weekdays: [&'static str; 7],
    /// True if weeks begin on Sunday and the first week contains January 1; else weeks are those of ISO 8601.
    pub(super) weeks_from_sunday: bool,
    /// The formats `LT`, `LTS`, `L`, `LL`, `LLL` and `LLLL`.
    pub(super) long_formats: [&'static str; 6],
    /// The thousands separator.
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
    narrow_weekdays: ["Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"],
    weeks_from_sunday: true,
    long_formats: [
        "h:mm A",
        "h:mm:ss A",
        "MM/DD/YYYY",
        "MMMM D, YYYY",
        "MMMM D, YYYY h:mm A",
        "dddd, MMMM D, YYYY h:mm A",
    ],
    thousands: ',',
    currency: "$",
};

/// The documentation formats an amount in French as `€45 302.00`.
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
    narrow_weekdays: ["di", "lu", "ma", "me", "je", "ve", "sa"],
    weeks_from_sunday: false,
    long_formats: ["HH:mm", "HH:mm:ss", "DD/MM/YYYY", "D MMMM YYYY", "D MMMM YYYY HH:mm", "dddd D MMMM YYYY HH:mm"],
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
    narrow_weekdays: ["do", "lu", "ma", "mi", "ju", "vi", "sá"],
    weeks_from_sunday: false,
    long_formats: [
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

static LOCALES: [Locale; 3] = [ENGLISH, FRENCH, SPANISH];

/// Returns the locale of a name such as `fr` or `fr-CA`.
pub(super) fn by_name(name: &str) -> &'static Locale {
    let language = name.split(['-', '_']).next().unwrap_or_default();
    LOCALES.iter().find(|locale| language.eq_ignore_ascii_case(locale.name)).unwrap_or(&LOCALES[0])
}

impl Locale {
    /// Formats an ordinal number: `1st`.
    pub(super) fn ordinal(&self, number: i64) -> String {
        let suffix = match self.name {
            "fr" if number == 1 => "er",
            "fr" => "",
            "es" => "º",
            _ => english_ordinal_suffix(number),
        };
        format!("{number}{suffix}")
    }
}

/// Returns the English suffix of an ordinal number: `st`, `nd`, `rd` or `th`.
pub(super) fn english_ordinal_suffix(number: i64) -> &'static str {
    let number = number.unsigned_abs();
    match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}
