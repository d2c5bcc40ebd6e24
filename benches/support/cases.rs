//! The six requests that throughput and latency are measured with.

use super::support::request;

/// A request with its expected status and its targets.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    path: &'static str,
    body: Option<&'static str>,
    /// Sources send leads as forms, without a key.
    is_lead: bool,
    pub(crate) status: u16,
    /// The minimum ratio to the bare server's requests per second.
    pub(crate) rate_target: f64,
    /// The maximum ratio of processor time: to the bare server, for leads to this server's `POST /onboards`.
    pub(crate) processor_target: f64,
}

impl Case {
    /// The request as bytes.
    pub(crate) fn request(&self) -> Vec<u8> {
        let body = self.body.unwrap_or_default();
        if !self.is_lead {
            return request(self.path, self.body);
        }
        let head = "Host: localhost\r\nAccept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        let path = self.path;
        format!("POST {path} HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    /// Whether the processor time is compared with that of this server's `POST /onboards`.
    pub(crate) fn is_lead(&self) -> bool {
        self.is_lead
    }
}

/// The index of `POST /onboards`.
pub(crate) const PLAIN_POST: usize = 2;

pub(crate) const CASES: [Case; 6] = [
    Case {
        name: "`GET /connections`",
        path: "/connections",
        body: None,
        is_lead: false,
        status: 200,
        rate_target: 0.80,
        processor_target: 1.6,
    },
    Case {
        name: "`GET /connections/{id}`",
        path: "/connections/5d9a4c421d011c553e000001",
        body: None,
        is_lead: false,
        status: 200,
        rate_target: 0.80,
        processor_target: 1.5,
    },
    Case {
        name: "`POST /onboards`, valid body",
        path: "/onboards",
        body: Some(r#"{"invitation_id":"64b8f0f5e4b0c3a1d5e6f7a8"}"#),
        is_lead: false,
        status: 201,
        rate_target: 0.70,
        processor_target: 1.8,
    },
    Case {
        name: "`POST /onboards`, invalid body",
        path: "/onboards",
        body: Some(r#"{"invitation_id":"nope","flow_id":1}"#),
        is_lead: false,
        status: 400,
        rate_target: 0.65,
        processor_target: 2.0,
    },
    Case {
        name: "`POST .../submit`, three events",
        path: "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/submit",
        body: Some(
            "first_name=Joe&last_name=Blow&email=joe%40example.com&phone_1=512-789-1111&state=TX&postal_code=78704",
        ),
        is_lead: true,
        status: 201,
        rate_target: 0.20,
        processor_target: 2.2,
    },
    Case {
        name: "`POST .../ping`",
        path: "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1/ping",
        body: Some("state=TX"),
        is_lead: true,
        status: 200,
        rate_target: 0.33,
        processor_target: 1.5,
    },
];
