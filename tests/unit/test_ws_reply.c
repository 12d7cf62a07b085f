#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ws_reply.h"
#include "util/macros.h"

#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define HEAD \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT \
	"\r\n"
#define NOT_WS "HTTP status 101, but not to WebSocket"
#define WRONG  "HTTP status 101, but without the right Sec-WebSocket-Accept"

struct row {
	const char *reply; /* up to its NUL, unless length says more */
	size_t length_bytes;
	bool is_end;
	const char *expect;
	int result;
	const char *message; /* NULL: none */
};

#define BYTES(text) text, sizeof(text) - 1

static int judge(const struct row *row, struct error *error)
{
	size_t length = row->length_bytes;
	char *copy = malloc(length + 1);
	int result;

	/* Not terminated, at the end of its own block: the sanitizers watch. */
	memcpy(copy + 1, row->reply, length);
	copy[0] = 'x';
	result = ws_reply_judge(copy + 1, length, row->is_end, row->expect, error);
	free(copy);
	return result;
}

static void check(const struct row *row)
{
	struct error error = { .message = "" };

	print_message("%s %s\n", row->reply, row->expect ? row->expect : "");
	assert_int_equal(judge(row, &error), row->result);
	assert_string_equal(error.message, row->message ? row->message : "");
}

static void handshakes_are_judged(void **state)
{
	static const struct row rows[] = {
		{ BYTES(HEAD), false, NULL, 1, NULL },
		{ BYTES(
		      "HTTP/1.1 101 x\r\nconnection: keep-alive, UPGRADE\r\nupgrade:WebSocket \r\n"
		      "sec-websocket-accept:\ts3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\nX: y\r\n\r\n"),
		    true, NULL, 1, NULL },
		{ BYTES("HTTP/1.1 200 OK\r\n\r\n{\"ok\":true}"), true, NULL, -EBADMSG,
		    "HTTP status 200 instead of an upgrade to WebSocket" },
		{ BYTES("HTTP/1.1 426 Upgrade Required\r\n"), false, NULL, -EBADMSG,
		    "HTTP status 426 instead of an upgrade to WebSocket" },
		{ BYTES("HTTP/1.1 101 x\r\nConnection: Upgrade\r\n" ACCEPT "\r\n"), false, NULL,
		    -EPROTO, NOT_WS },
		{ BYTES("HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT "\r\n"),
		    false, NULL, -EPROTO, NOT_WS },
		{ BYTES("HTTP/1.1 101 x\r\nUpgrade: websockets\r\nConnection: Upgrade\r\n" ACCEPT
			"\r\n"),
		    false, NULL, -EPROTO, NOT_WS },
		{ BYTES("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" ACCEPT "\r\n"), false, NULL,
		    -EPROTO, NOT_WS },
		{ BYTES("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: close\r\n" ACCEPT
			"\r\n"),
		    false, NULL, -EPROTO, NOT_WS },
		{ BYTES("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
		    false, NULL, -EPROTO, WRONG },
		{ BYTES("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			"Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
		    false, NULL, -EPROTO, WRONG },
		{ BYTES("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=x\r\n\r\n"),
		    false, NULL, -EPROTO, WRONG },
		{ BYTES("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			"Sec-WebSocket-Accept:\r\n\r\n"),
		    false, NULL, -EPROTO, WRONG },
		{ BYTES("HTTP/1.1 101 x\r\n\r\n"), false, NULL, -EPROTO, NOT_WS },
		{ BYTES("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"), true, NULL, -EPROTO,
		    "HTTP status 101, but its headers do not end" },
		{ BYTES("HTTP/1.1 101"), true, NULL, -EPROTO,
		    "HTTP status 101, but its headers do not end" },
		{ BYTES("SSH-2.0-OpenSSH_9.2\r\n"), false, NULL, -EPROTO, "the reply is no HTTP" },
		{ BYTES("\x81\x05hello world, and more"), false, NULL, -EPROTO,
		    "the reply is no HTTP" },
		{ BYTES(""), true, NULL, -EPROTO, "the connection was closed without a reply" },
		{ BYTES(""), false, NULL, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i]);
}

static void the_first_frame_is_looked_into(void **state)
{
	static const struct row rows[] = {
		{ BYTES(HEAD), false, "hello", 0, NULL },
		{ BYTES(HEAD), true, "hello", -ENOMSG,
		    "its first frame does not end, and is without 'hello'" },
		{ BYTES(HEAD "\x81\x07<hello>"), false, "hello", 1, NULL },
		{ BYTES(HEAD "\x82\x07\0hello\0"), false, "hello", 1, NULL },
		{ BYTES(HEAD "\x01\x07<hello>"), false, "hello", 1, NULL },
		{ BYTES(HEAD "\x81\x7e\x01\x00<hello>"), false, "hello", 1, NULL },
		{ BYTES(HEAD "\x81\x7e\x01\x00<hell"), false, "hello", 0, NULL },
		{ BYTES(HEAD "\x81\x7e\x01\x00<hell"), true, "hello", -ENOMSG,
		    "its first frame does not end, and is without 'hello'" },
		{ BYTES(HEAD "\x81\x06hell o\x81\x05hello"), false, "hello", -ENOMSG,
		    "its first frame is without 'hello'" },
		/* The text must not go on into the second frame. */
		{ BYTES(HEAD "\x81\x04hello"), false, "hello", -ENOMSG,
		    "its first frame is without 'hello'" },
		{ BYTES(HEAD "\x81\x00"), false, "hello", -ENOMSG,
		    "its first frame is without 'hello'" },
		{ BYTES(HEAD "\x89\x05hello\x8a\x00\x81\x05hello"), false, "hello", 1, NULL },
		{ BYTES(HEAD "\x89\x05hello"), false, "hello", 0, NULL },
		{ BYTES(HEAD "\x89\x05he"), false, "hello", 0, NULL },
		{ BYTES(HEAD "\x88\x09\x03\xe8 hello "), false, "hello", -ENOMSG,
		    "it closes at once, without 'hello'" },
		{ BYTES(HEAD "\x81\x7f\0\0\0\0\0\0\0\5hello"), false, "hello", -EPROTO,
		    "its first frame is too long" },
		{ BYTES(HEAD "\x81\x85\0\0\0\0hello"), false, "hello", -EPROTO,
		    "its first frame is masked, which is for clients" },
		{ BYTES(HEAD "\x81\xff\0\0\0\0hello"), false, "hello", -EPROTO,
		    "its first frame is masked, which is for clients" },
		{ BYTES(HEAD "hello, I am no frame"), false, "hello", -EPROTO,
		    "its first frame is no WebSocket" },
		{ BYTES(HEAD "\xc1\x05hello"), false, "hello", -EPROTO,
		    "its first frame is no WebSocket" },
		{ BYTES(HEAD "\x80\x05hello"), false, "hello", -EPROTO,
		    "its first frame is no WebSocket" },
		/* In a header it does not count. */
		{ BYTES(HEAD "\x81\x02{}"), false, "websocket", -ENOMSG,
		    "its first frame is without 'websocket'" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i]);
}

/* However it comes in pieces: nothing is said before there is enough, nothing else afterwards. */
static void a_reply_may_be_cut_anywhere(void **state)
{
	static const struct row rows[] = {
		{ BYTES(HEAD "\x89\x03"
			     "abc"
			     "\x81\x05hello"),
		    false, "hello", 1, NULL },
		{ BYTES(HEAD "\x89\x03"
			     "abc"
			     "\x81\x7e\x00\x05hello"),
		    false, "hello", 1, NULL },
		{ BYTES(HEAD), false, NULL, 1, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t length = 0; length <= rows[i].length_bytes; length++) {
			struct row cut = rows[i];

			cut.length_bytes = length;
			assert_int_equal(judge(&cut, NULL), length == rows[i].length_bytes);
			cut.is_end = true;
			assert_int_equal(judge(&cut, NULL) == 1, length == rows[i].length_bytes);
			assert_int_not_equal(judge(&cut, NULL), 0);
		}
	}
}

static void garbage_is_never_believed(void **state)
{
	uint32_t random = 1;

	for (int round = 0; round < 20000; round++) {
		char bytes[sizeof(HEAD) - 1 + 64];
		struct row row = { .reply = bytes, .is_end = true, .expect = "hello" };

		memcpy(bytes, HEAD, sizeof(HEAD) - 1);
		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525 + 1013904223;
			/* Behind the head all is random; in it sometimes a byte. */
			if (i >= sizeof(HEAD) - 1 || random % 128 == 0)
				bytes[i] = (char)(random >> 16);
		}
		row.length_bytes = random % sizeof(bytes);
		assert_true(judge(&row, NULL) < 0);
	}
}

static void the_request_has_its_form(void **state)
{
	static const struct probe_target target = {
		.is_ipv6 = true, .address = { [15] = 1 }, .port = 18789, .path = (char *)"/ws"
	};
	char buffer[512];
	size_t length = ws_request_format(&target, buffer, sizeof(buffer));

	assert_int_equal(length, strlen(buffer));
	assert_string_equal(buffer,
	    "GET /ws HTTP/1.1\r\nHost: [::1]:18789\r\nUser-Agent: nemoinit\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshakes_are_judged),
		cmocka_unit_test(the_first_frame_is_looked_into),
		cmocka_unit_test(a_reply_may_be_cut_anywhere),
		cmocka_unit_test(garbage_is_never_believed),
		cmocka_unit_test(the_request_has_its_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
