package mysql

import "wire_exporter/decoders"

// outcome says whose fault an error is: the caller's when the class of its SQLSTATE, or for errors without a class of their own
// (HY000) its number, says that the statement, its data or the rights of the user are not as they should be.
func (f failure) outcome() decoders.Outcome {
	switch {
	case !f.is:
		return decoders.OK
	case isCallers(string(f.state[:2])) || isCallersNumber(f.code):
		return decoders.ClientError
	}
	return decoders.ServerError
}

// isCallers says whether a class of SQLSTATEs is the caller's fault: ISO/IEC 9075-2 section 24, and what MySQL and MariaDB add.
func isCallers(class string) bool {
	switch class {
	case "07", "0A", "0K", "0Z", // wrong parameters; not supported; diagnostics used wrongly
		"20", "21", "22", "23", "24", "25", "26", "27", "28", // case not found, cardinality, data, constraint, cursor, transaction state, names, triggers, authorisation
		"2B", "2D", "2F", "34", "35", "38", "39", "3B", "3C", "3D", "3F", // privileges, transactions, routines, cursors, savepoints, no database
		"42", "44", "45": // syntax or access rule, CHECK OPTION, SIGNAL by the application
		return true
	}
	return false
}

// isCallersNumber says whether an error without a class of its own is the caller's fault; the names are the vendors'.
func isCallersNumber(code uint16) bool {
	switch code {
	case 1044, 1045, // ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR: before 4.1 and before the handshake without SQLSTATE
		1007, // ER_DB_CREATE_EXISTS
		1008, // ER_DB_DROP_EXISTS
		1093, // ER_UPDATE_TABLE_USED
		1094, // ER_NO_SUCH_THREAD
		1125, // ER_FUNCTION_EXISTS
		1130, // ER_HOST_NOT_PRIVILEGED
		1210, // ER_WRONG_ARGUMENTS
		1231, // ER_WRONG_VALUE_FOR_VAR
		1238, // ER_INCORRECT_GLOBAL_LOCAL_VAR
		1243, // ER_UNKNOWN_STMT_HANDLER
		1264, // ER_WARN_DATA_OUT_OF_RANGE
		1265, // WARN_DATA_TRUNCATED
		1292, // ER_TRUNCATED_WRONG_VALUE
		1295, // ER_UNSUPPORTED_PS
		1364, // ER_NO_DEFAULT_FOR_FIELD
		1366, // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
		1390, // ER_PS_MANY_PARAM
		1411, // ER_WRONG_VALUE_FOR_TYPE
		1525, // ER_WRONG_VALUE
		1690, // ER_DATA_OUT_OF_RANGE
		3140, // ER_INVALID_JSON_TEXT (MySQL)
		3819: // ER_CHECK_CONSTRAINT_VIOLATED (MySQL)
		return true
	}
	return false
}
