//! Places whose parts fit together.

/// A city with one of its postal codes and the area code that most numbers there have.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) city: &'static str,
    pub(super) county: &'static str,
    pub(super) state: &'static str,
    state_name: &'static str,
    pub(super) postal_code: &'static str,
    pub(super) area: &'static str,
    pub(super) time_zone: &'static str,
}

impl Place {
    /// Whether the state is this one, by its two letters or by its name.
    pub(super) fn is_in(&self, state: &str) -> bool {
        let state = state.trim();
        self.state.eq_ignore_ascii_case(state) || self.state_name.eq_ignore_ascii_case(state)
    }
}

const EASTERN: &str = "America/New_York";
const CENTRAL: &str = "America/Chicago";
const MOUNTAIN: &str = "America/Denver";
const PACIFIC: &str = "America/Los_Angeles";
const ARIZONA: &str = "America/Phoenix";

const fn place(
    city: &'static str,
    county: &'static str,
    (state, state_name): (&'static str, &'static str),
    postal_code: &'static str,
    area: &'static str,
    time_zone: &'static str,
) -> Place {
    Place { city, county, state, state_name, postal_code, area, time_zone }
}

const TX: (&str, &str) = ("TX", "Texas");
const AZ: (&str, &str) = ("AZ", "Arizona");
const CA: (&str, &str) = ("CA", "California");
const FL: (&str, &str) = ("FL", "Florida");
const NC: (&str, &str) = ("NC", "North Carolina");
const OH: (&str, &str) = ("OH", "Ohio");
const CO: (&str, &str) = ("CO", "Colorado");

/// Large states stand here more often, as their people fill in more forms.
pub(super) const PLACES: [Place; 40] = [
    place("Austin", "Travis", TX, "78701", "512", CENTRAL),
    place("Dallas", "Dallas", TX, "75201", "214", CENTRAL),
    place("Houston", "Harris", TX, "77002", "713", CENTRAL),
    place("San Antonio", "Bexar", TX, "78205", "210", CENTRAL),
    place("Fort Worth", "Tarrant", TX, "76102", "817", CENTRAL),
    place("Phoenix", "Maricopa", AZ, "85004", "602", ARIZONA),
    place("Tucson", "Pima", AZ, "85701", "520", ARIZONA),
    place("Mesa", "Maricopa", AZ, "85201", "480", ARIZONA),
    place("Los Angeles", "Los Angeles", CA, "90012", "213", PACIFIC),
    place("San Diego", "San Diego", CA, "92101", "619", PACIFIC),
    place("Sacramento", "Sacramento", CA, "95814", "916", PACIFIC),
    place("Fresno", "Fresno", CA, "93721", "559", PACIFIC),
    place("Miami", "Miami-Dade", FL, "33130", "305", EASTERN),
    place("Tampa", "Hillsborough", FL, "33602", "813", EASTERN),
    place("Orlando", "Orange", FL, "32801", "407", EASTERN),
    place("Raleigh", "Wake", NC, "27601", "919", EASTERN),
    place("Charlotte", "Mecklenburg", NC, "28202", "704", EASTERN),
    place("Columbus", "Franklin", OH, "43215", "614", EASTERN),
    place("Cleveland", "Cuyahoga", OH, "44114", "216", EASTERN),
    place("Denver", "Denver", CO, "80202", "303", MOUNTAIN),
    place("Colorado Springs", "El Paso", CO, "80903", "719", MOUNTAIN),
    place("New York", "New York", ("NY", "New York"), "10007", "212", EASTERN),
    place("Buffalo", "Erie", ("NY", "New York"), "14202", "716", EASTERN),
    place("Chicago", "Cook", ("IL", "Illinois"), "60601", "312", CENTRAL),
    place("Atlanta", "Fulton", ("GA", "Georgia"), "30303", "404", EASTERN),
    place("Philadelphia", "Philadelphia", ("PA", "Pennsylvania"), "19107", "215", EASTERN),
    place("Pittsburgh", "Allegheny", ("PA", "Pennsylvania"), "15222", "412", EASTERN),
    place("Boston", "Suffolk", ("MA", "Massachusetts"), "02108", "617", EASTERN),
    place("Seattle", "King", ("WA", "Washington"), "98101", "206", PACIFIC),
    place("Portland", "Multnomah", ("OR", "Oregon"), "97204", "503", PACIFIC),
    place("Las Vegas", "Clark", ("NV", "Nevada"), "89101", "702", PACIFIC),
    place("Salt Lake City", "Salt Lake", ("UT", "Utah"), "84101", "801", MOUNTAIN),
    place("Boise", "Ada", ("ID", "Idaho"), "83702", "208", "America/Boise"),
    place("Minneapolis", "Hennepin", ("MN", "Minnesota"), "55401", "612", CENTRAL),
    place("Kansas City", "Jackson", ("MO", "Missouri"), "64106", "816", CENTRAL),
    place("Nashville", "Davidson", ("TN", "Tennessee"), "37203", "615", CENTRAL),
    place("Indianapolis", "Marion", ("IN", "Indiana"), "46204", "317", "America/Indiana/Indianapolis"),
    place("Detroit", "Wayne", ("MI", "Michigan"), "48226", "313", "America/Detroit"),
    place("Richmond", "Richmond", ("VA", "Virginia"), "23219", "804", EASTERN),
    place("Albuquerque", "Bernalillo", ("NM", "New Mexico"), "87102", "505", MOUNTAIN),
];
