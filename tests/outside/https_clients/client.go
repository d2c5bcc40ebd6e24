// The repair of a connection with Go's net/http, which has LeadConduit's host built in here.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

const ssoOnly = "5d9a4c421d011c553e000004"

func send(expected int, key, method, path, body string) string {
	request, err := http.NewRequest(method, "https://app.leadconduit.com"+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.SetBasicAuth("API", os.Getenv(key))
	request.Header.Set("Accept", "application/json")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != expected {
		panic(fmt.Sprintf("%s %s: %d in place of %d: %s", method, path, response.StatusCode, expected, text))
	}
	fmt.Println(method, path, response.Proto, response.StatusCode)
	return string(text)
}

func main() {
	repair := `{"connection_id":"` + ssoOnly + `"}`
	if !strings.Contains(send(200, "LEADCONDUIT_API_KEY", "GET", "/connections", ""), `"sso_only"`) {
		panic("the connection is not sso_only")
	}
	send(201, "LEADCONDUIT_SUPERUSER_API_KEY", "POST", "/connections", repair)
	send(409, "LEADCONDUIT_SUPERUSER_API_KEY", "POST", "/connections", repair)
	if !strings.Contains(send(200, "LEADCONDUIT_API_KEY", "GET", "/connections", ""), ssoOnly) {
		panic("the connection is missing")
	}
	send(200, "LEADCONDUIT_API_KEY", "GET", "/user", "")
	send(200, "LEADCONDUIT_SUPERUSER_API_KEY", "POST", "/account_sso_sync", "{}")
}
