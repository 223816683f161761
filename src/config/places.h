#ifndef SYNC_CONFIG_PLACES_H
#define SYNC_CONFIG_PLACES_H

/*
 * Where the files are that come with the program, worked out from where the program itself is, so that they
 * are found below whatever prefix, and in whatever folder it was put together (DESTDIR):
 *
 *     the program           its configuration              its data
 *     X/usr/bin             X/etc/synapse-sync             X/usr/share/synapse-sync
 *     X/usr/local/bin       X/etc/synapse-sync             X/usr/local/share/synapse-sync
 *     PREFIX/bin            PREFIX/etc/synapse-sync        PREFIX/share/synapse-sync
 *     SOURCES/build/NAME    SOURCES/config                 SOURCES/data
 *
 * config/install/files.cmake puts them there, by the same table.
 */
struct places {
    char *default_yaml, *avatar; /* paths, of files that may be missing */
};

/* Of the program at that path. One that is in none of these folders is taken for an installed one: its prefix
   is the folder above. The caller frees both. */
struct places places_of(const char *program);
/* Of this program (man 5 proc, /proc/self/exe). */
struct places places_find(void);
void places_deinit(struct places *places);

#endif
