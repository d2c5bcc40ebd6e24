// The repair of a connection with Java's HttpClient, which has LeadConduit's host built in here.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Base64;

public class Client {
    static final String SSO_ONLY = "5d9a4c421d011c553e000004";
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    static String send(int expected, String key, String method, String path, String body) throws Exception {
        String credentials = Base64.getEncoder().encodeToString(("API:" + System.getenv(key)).getBytes());
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("https://app.leadconduit.com" + path))
            .header("Authorization", "Basic " + credentials)
            .header("Accept", "application/json")
            .method(method, body.isEmpty() ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != expected) {
            throw new IllegalStateException(method + " " + path + ": " + response.statusCode() + " " + response.body());
        }
        System.out.println(method + " " + path + " " + response.version() + " " + expected);
        return response.body();
    }

    public static void main(String[] arguments) throws Exception {
        String repair = "{\"connection_id\":\"" + SSO_ONLY + "\"}";
        if (!send(200, "LEADCONDUIT_API_KEY", "GET", "/connections", "").contains("\"sso_only\"")) {
            throw new IllegalStateException("the connection is not sso_only");
        }
        send(201, "LEADCONDUIT_SUPERUSER_API_KEY", "POST", "/connections", repair);
        send(409, "LEADCONDUIT_SUPERUSER_API_KEY", "POST", "/connections", repair);
        send(200, "LEADCONDUIT_API_KEY", "GET", "/user", "");
        send(200, "LEADCONDUIT_SUPERUSER_API_KEY", "POST", "/account_sso_sync", "{}");
    }
}
