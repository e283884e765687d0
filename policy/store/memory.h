/* Memory that runs out, mostly inside a job, where nobody says so: most calls of jansson are not checked one
 * by one, and a column of SQLite is then null. A job during which that happened has failed,
 * whatever its work returned: an account must not lose its devices in a list, nor a session its end
 * in the log. Used by policy/store; and wherever else JSON from outside is parsed or made for others, for
 * memory_scope_begin.
 */
#ifndef POLICY_STORE_MEMORY_H
#define POLICY_STORE_MEMORY_H

/* jansson allocates through here from now on. */
void memory_watch_json(void);

void memory_note_failure(void);

/* How often it has happened on this thread. */
unsigned long memory_failures(void);

/* Between these two (they nest), once JSON has been without memory this thread gives it none: what is made then is an
 * error anyway, and jansson's parser, which does not notice that a text could not grow, would take the memory of the
 * next allocation and write behind its end. */
void memory_scope_begin(void);
void memory_scope_end(void);

#endif
