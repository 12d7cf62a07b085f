/*
 * Looking names up in the text of /etc/passwd and /etc/group (passwd(5), group(5)), without NSS:
 * that may load modules, ask the network, and block. Lines that are malformed are passed over.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The entry of a user by name: 0, or -ENOENT. */
int account_find_user(const char *passwd, const char *name, uint32_t *ret_uid, uint32_t *ret_gid);

/*
 * The first entry with that uid: 0 or -ENOENT. *ret_name points at its name, which is
 * *ret_name_bytes long.
 */
int account_find_uid(const char *passwd, uint32_t uid, uint32_t *ret_gid, const char **ret_name,
    size_t *ret_name_bytes);

/* The entry of a group by name: 0, or -ENOENT. */
int account_find_group(const char *group, const char *name, uint32_t *ret_gid);

/*
 * The groups that list the user as a member, at most max of them into ret_gids. Returns how many
 * there are in all.
 */
size_t account_find_memberships(
    const char *group, const char *user, size_t user_bytes, uint32_t *ret_gids, size_t max);
