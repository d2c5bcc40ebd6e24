# The repair of a connection with Ruby's net/http, which has LeadConduit's host built in here.
require "json"
require "net/http"

SSO_ONLY = "5d9a4c421d011c553e000004"

def send_request(expected, key, kind, path, value = nil)
  request = kind.new(path, { "Accept" => "application/json" })
  request.basic_auth("API", ENV.fetch(key))
  if value
    request["Content-Type"] = "application/json"
    request.body = JSON.generate(value)
  end
  response = Net::HTTP.start("app.leadconduit.com", 443, use_ssl: true) { |http| http.request(request) }
  raise "#{path}: #{response.code} in place of #{expected}: #{response.body}" unless response.code == expected.to_s

  JSON.parse(response.body)
end

def status = send_request(200, "LEADCONDUIT_API_KEY", Net::HTTP::Get, "/connections").find { |one| one["id"] == SSO_ONLY }["status"]

raise "not sso_only" unless status == "sso_only"
repair = { connection_id: SSO_ONLY }
send_request(201, "LEADCONDUIT_SUPERUSER_API_KEY", Net::HTTP::Post, "/connections", repair)
send_request(409, "LEADCONDUIT_SUPERUSER_API_KEY", Net::HTTP::Post, "/connections", repair)
raise "not completed" unless status == "completed"
send_request(200, "LEADCONDUIT_API_KEY", Net::HTTP::Get, "/user")
send_request(200, "LEADCONDUIT_SUPERUSER_API_KEY", Net::HTTP::Post, "/account_sso_sync", {})
