package mongostore

import (
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"entrepot/persistence"
)

// rejected contains the server's error codes for commands and writes that it did not start.
var rejected = map[int]bool{
	2:     true, // BadValue
	9:     true, // FailedToParse
	13:    true, // Unauthorized
	14:    true, // TypeMismatch
	18:    true, // AuthenticationFailed
	26:    true, // NamespaceNotFound
	52:    true, // DollarPrefixedFieldName
	57:    true, // DottedFieldName
	59:    true, // CommandNotFound
	121:   true, // DocumentValidationFailure
	10107: true, // NotWritablePrimary
	13435: true, // NotPrimaryNoSecondaryOk
	10334: true, // BSONObjectTooLarge
	17280: true, // KeyTooLong
}

// classify returns the result of every write of a bulk that failed as a whole. Only failures before
// the server, or rejections by it, count as not executed.
func classify(err error) error {
	var selection topology.ServerSelectionError
	var wait topology.WaitQueueTimeoutError
	var command mongo.CommandError
	switch {
	case errors.As(err, &selection), errors.As(err, &wait), errors.Is(err, mongo.ErrClientDisconnected),
		errors.As(err, &command) && rejected[int(command.Code)] && len(command.Labels) == 0:
		return fmt.Errorf("%w: %w", persistence.ErrNotExecuted, err)
	default:
		return fmt.Errorf("%w: %w", persistence.ErrUnknown, err)
	}
}
