//! Values of well-known text fields.

/// Makes and models of vehicles.
pub(super) const VEHICLES: [(&str, &str); 8] = [
    ("Toyota", "Camry"),
    ("Honda", "Civic"),
    ("Ford", "F-150"),
    ("Chevrolet", "Silverado"),
    ("Nissan", "Altima"),
    ("Hyundai", "Elantra"),
    ("Subaru", "Outback"),
    ("Jeep", "Wrangler"),
];

/// Returns the choices of a field; `None` if it is not well known.
pub(super) fn for_field(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "salutation" => &["Ms", "Mr", "Mx"],
        "suffix" | "name_suffix" => &["Jr", "Sr", "III"],
        "best_time_to_call" | "time_to_contact" => &["morning", "afternoon", "evening", "any time"],
        "preferred_contact_method" => &["phone", "email", "text"],
        "language" => &["English", "English", "English", "Spanish"],
        "marital_status" => &["single", "married", "divorced", "widowed"],
        "education" | "education_level" => &["High school", "Some college", "Associate", "Bachelor", "Master"],
        "employment_status" => &["employed", "self-employed", "retired", "student", "unemployed"],
        "occupation" | "function" | "title" => {
            &["Teacher", "Nurse", "Engineer", "Accountant", "Driver", "Electrician", "Manager"]
        }
        "credit_rating" => &["excellent", "good", "fair", "poor"],
        "industry" => &["Insurance", "Retail", "Health", "Construction", "Software", "Education"],
        "department" => &["Sales", "Marketing", "Finance", "Operations"],
        "product" | "product_interest" => &["Auto insurance", "Home insurance", "Solar panels", "Refinancing"],
        "purchase_timeframe" => &["immediately", "within 30 days", "1-3 months", "3-6 months", "just looking"],
        "property_type" => &["single family", "townhouse", "condominium", "multi family", "manufactured"],
        "electric_provider" => &["Lakeside Energy", "Prairie Power", "Granite Electric"],
        "roof_shade" | "sun_exposure" => &["full sun", "partial sun", "full shade"],
        "roof_type" => &["asphalt shingle", "metal", "tile", "flat"],
        "purpose" | "loan_purpose" => &["purchase", "refinance", "home improvement", "debt consolidation"],
        "current_insurance_company" | "current" => &["Beacon Insurance", "Summit Mutual", "Cedar Casualty"],
        "coverage_type" => &["state minimum", "standard", "full coverage"],
        "degree_of_interest" | "degree_type" => &["Associate", "Bachelor", "Master", "Certificate"],
        "program_of_interest" | "program" => &["Business", "Nursing", "Computer science", "Criminal justice"],
        "campus" => &["Online", "Downtown", "North"],
        "opt_in_text" => &["By submitting this form I agree to be called about my request."],
        "user_agent" => &[
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0",
        ],
        "keyword" | "search_terms" | "utm_term" => {
            &["car insurance quote", "solar installer near me", "refinance rates"]
        }
        "utm_source" => &["google", "bing", "facebook", "newsletter"],
        "utm_medium" => &["cpc", "email", "social"],
        "utm_campaign" | "utm_content" => &["spring", "evening", "priority", "retargeting"],
        _ => return None,
    })
}
