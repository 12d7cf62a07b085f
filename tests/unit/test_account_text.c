#include "test.h"

#include <errno.h>
#include <string.h>

#include "core/account_text.h"
#include "util/macros.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "# a comment: with: three: colons\n"
			     "\n"
			     "short:x:1\n"
			     ":x:2:2::/:/bin/sh\n"
			     "worse:x:3x:3::/:/bin/sh\n"
			     "worst:x:4294967295:1::/:/bin/sh\n"
			     "nogroup:x:5:none::/:/bin/sh\n"
			     "sandbox:x:1000:1001::/sandbox:/bin/bash\n"
			     "sandbox:x:2000:2001::/again:/bin/bash\n"
			     "twin:x:1000:9::/:/bin/sh\n"
			     "last:*:4294967294:7";
static const char group[] = "root:x:0:\n"
			    "users:x:100:sandbox,other\n"
			    "wheel:x:10:other,sandbox\n"
			    "sand:x:11:sand\n"
			    "many:x:12:a,b,sandbox,c\n"
			    "alone:x:13:sandbox";

static void users_are_found_by_name(void **state)
{
	static const struct {
		const char *name;
		int result;
		uint32_t uid, gid;
	} rows[] = {
		{ "root", 0, 0, 0 },
		{ "sandbox", 0, 1000, 1001 },
		{ "last", 0, 4294967294, 7 },
		{ "nobody", -ENOENT, 0, 0 },
		{ "sand", -ENOENT, 0, 0 },
		{ "short", -ENOENT, 0, 0 },
		{ "", -ENOENT, 0, 0 },
		{ "worse", -ENOENT, 0, 0 },
		{ "worst", -ENOENT, 0, 0 },
		{ "nogroup", -ENOENT, 0, 0 },
		{ "# a comment", -ENOENT, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t uid = 0, gid = 0;

		print_message("%s\n", rows[i].name);
		assert_int_equal(
		    account_find_user(passwd, rows[i].name, &uid, &gid), rows[i].result);
		if (rows[i].result)
			continue;
		assert_int_equal(uid, rows[i].uid);
		assert_int_equal(gid, rows[i].gid);
	}
}

static void users_are_found_by_number(void **state)
{
	const char *name;
	size_t length;
	uint32_t gid;

	assert_int_equal(account_find_uid(passwd, 1000, &gid, &name, &length), 0);
	assert_int_equal(gid, 1001);
	assert_int_equal(length, strlen("sandbox"));
	assert_memory_equal(name, "sandbox", length);
	assert_int_equal(account_find_uid(passwd, 1, &gid, &name, &length), -ENOENT);
	assert_int_equal(account_find_uid("", 1, &gid, &name, &length), -ENOENT);
}

static void groups_and_their_members(void **state)
{
	uint32_t gid, gids[3] = { 0 };

	assert_int_equal(account_find_group(group, "wheel", &gid), 0);
	assert_int_equal(gid, 10);
	assert_int_equal(account_find_group(group, "whee", &gid), -ENOENT);
	assert_int_equal(account_find_memberships(group, "sandbox", 7, gids, 3), 4);
	assert_int_equal(gids[0], 100);
	assert_int_equal(gids[1], 10);
	assert_int_equal(gids[2], 12);
	assert_int_equal(account_find_memberships(group, "sand", 4, gids, 3), 1);
	assert_int_equal(gids[0], 11);
	assert_int_equal(account_find_memberships(group, "nobody", 6, gids, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_found_by_name),
		cmocka_unit_test(users_are_found_by_number),
		cmocka_unit_test(groups_and_their_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
