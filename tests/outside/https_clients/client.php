<?php
// The repair of a connection with PHP's cURL extension, which has LeadConduit's host built in here.
const SSO_ONLY = '5d9a4c421d011c553e000004';

function send_request(int $expected, string $key, string $method, string $path, ?array $value = null): array
{
    $headers = ['Accept: application/json'];
    $handle = curl_init('https://app.leadconduit.com' . $path);
    curl_setopt_array($handle, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_USERPWD => 'API:' . getenv($key),
    ]);
    if ($value !== null) {
        $headers[] = 'Content-Type: application/json';
        curl_setopt($handle, CURLOPT_POSTFIELDS, json_encode((object) $value));
    }
    curl_setopt($handle, CURLOPT_HTTPHEADER, $headers);
    $text = curl_exec($handle);
    if ($text === false) {
        throw new RuntimeException(curl_error($handle));
    }
    $status = curl_getinfo($handle, CURLINFO_RESPONSE_CODE);
    if ($status !== $expected) {
        throw new RuntimeException("$method $path: $status in place of $expected: $text");
    }
    return json_decode($text, true);
}

function status(): string
{
    $list = send_request(200, 'LEADCONDUIT_API_KEY', 'GET', '/connections');
    return array_column($list, 'status', 'id')[SSO_ONLY];
}

$before = status();
send_request(201, 'LEADCONDUIT_SUPERUSER_API_KEY', 'POST', '/connections', ['connection_id' => SSO_ONLY]);
send_request(409, 'LEADCONDUIT_SUPERUSER_API_KEY', 'POST', '/connections', ['connection_id' => SSO_ONLY]);
$after = status();
if ([$before, $after] !== ['sso_only', 'completed']) {
    throw new RuntimeException("$before $after");
}
send_request(200, 'LEADCONDUIT_API_KEY', 'GET', '/user');
send_request(200, 'LEADCONDUIT_SUPERUSER_API_KEY', 'POST', '/account_sso_sync', []);
