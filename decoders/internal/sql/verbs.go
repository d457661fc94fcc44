package sql

import "strings"

// verb is the place of an operation in the list, so that the set is bounded: a first word that is not on the list may be anything,
// a password typed at the wrong prompt too, and is never shown.
type verb uint8

const (
	nothing verb = iota // no token yet
	unknown             // a statement whose verb is not on the list
	vSelect
	vInsert
	vUpdate
	vDelete
	vMerge
	vReplace
	vValues
	vTable
	vWith
	vCall
	vBegin
	vCommit
	vRollback
	vSet
	vCreate
	vAlter
	vDrop
	vGrant
	vRevoke
	vRename
	vReassign
	vTruncate
	vLock
	vCopy
	vDescribe
	vAnalyze
	vVacuum
	vCluster
	vSavepoint
	vRelease
	vPrepare
	vExecute
	vDeallocate
	vDeclare
	vFetch
	vMove
	vClose
	vListen
	vUnlisten
	vNotify
	vXA
	vStart
	vExplain
	vShow
)

// named are the verbs above, in order; the others follow.
const (
	named = "SELECT INSERT UPDATE DELETE MERGE REPLACE VALUES TABLE WITH CALL BEGIN COMMIT ROLLBACK SET CREATE ALTER DROP GRANT REVOKE RENAME " +
		"REASSIGN TRUNCATE LOCK COPY DESCRIBE ANALYZE VACUUM CLUSTER SAVEPOINT RELEASE PREPARE EXECUTE DEALLOCATE DECLARE FETCH MOVE " +
		"CLOSE LISTEN UNLISTEN NOTIFY XA START EXPLAIN SHOW"
	others = "BINLOG CACHE CHANGE CHECK CHECKPOINT CHECKSUM COMMENT DISCARD DO FLUSH GET HANDLER HELP IMPORT INSTALL KILL LOAD OPTIMIZE " +
		"PURGE REFRESH REINDEX REPAIR RESET RESIGNAL RESTART SECURITY SHUTDOWN SIGNAL STOP UNINSTALL UNLOCK USE"
)

// Operations are the names of the verbs; the first two are empty.
var operations = append([]string{"", ""}, strings.Fields(named+" "+others)...)

// operationBytes are the same, shared by all statements.
var operationBytes = bytesOf(operations)

func bytesOf(names []string) (all [][]byte) {
	for _, n := range names {
		all = append(all, []byte(n))
	}
	return all
}

// synonyms are other words for a verb.
var synonyms = map[string]verb{"ABORT": vRollback, "DESC": vDescribe, "END": vCommit}

// hidesNames says that the words of the statement which are no keywords are names that come and go: those of savepoints, prepared
// statements, cursors.
func (v verb) hidesNames() bool { return v >= vSavepoint && v <= vXA }

// takesTable says that the table's name follows the verb.
func (v verb) takesTable() bool {
	switch v {
	case vInsert, vUpdate, vReplace, vTable, vTruncate, vLock, vCopy, vDescribe, vAnalyze, vVacuum, vCluster, vCall:
		return true
	}
	return false
}

// aboutPeople says that the statement may name users.
func (v verb) aboutPeople() bool { return v == vSet || v >= vCreate && v <= vReassign }

// main says that the verb may follow WITH.
func (v verb) main() bool { return v >= vSelect && v <= vTable }
