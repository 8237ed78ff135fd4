<?php
// Sends one message to Herald. With an id of its own it may be sent again whenever the answer is lost.
//   HERALD_TOKEN=herald_… php send.php http://127.0.0.1:9470

function herald_send(
    string $url,
    #[\SensitiveParameter]
    string $token,
    array $message
): array {
    $answer = @file_get_contents("$url/v1/messages", false, stream_context_create(['http' => [
        'method' => 'POST',
        'header' => "Authorization: Bearer $token\r\nContent-Type: application/json",
        'content' => json_encode($message, JSON_THROW_ON_ERROR),
        'timeout' => 10,
        'ignore_errors' => true, // Problems have a body, too.
    ]]));
    if ($answer === false) {
        throw new RuntimeException('Herald cannot be reached: send it again');
    }
    $body = json_decode($answer, true, 512, JSON_THROW_ON_ERROR);
    if (!isset($body['status']) || is_int($body['status'])) {
        throw new RuntimeException(($body['code'] ?? 'unknown') . ': ' . ($body['detail'] ?? $answer));
    }
    return $body;
}

$message = ['id' => 'welcome-32', 'platform' => 'kongregate', 'to' => ['userId' => 32], 'content' => 'Hello, **world**'];
echo herald_send($argv[1], getenv('HERALD_TOKEN'), $message)['status'], "\n"; // queued, or duplicate
