package payment

import (
	"fmt"
	"slices"
	"strings"

	"entrepot"
)

// GatewayManual is the gateway without a provider's account: a person checks the
// money, so every attempt succeeds at once except for the test inputs below. It
// does no I/O, so the payment's own decision includes it.
const GatewayManual = "manual"

// Payment methods of the manual gateway.
const (
	MethodCard           = "card"
	MethodBankTransfer   = "bank_transfer"
	MethodCashOnDelivery = "cash_on_delivery"
)

// Test inputs that the manual gateway refuses, so that developers of a shop can try
// refusals without a provider's test account.
const (
	TokenDeclined          = "fail"         // refused with [ReasonDeclined]
	TokenInsufficientFunds = "insufficient" // refused with [ReasonInsufficientFunds]
	// TestAmountFraction is the end of card amounts that are refused with
	// [ReasonTestAmount]. Other methods accept them, as a real bank transfer of 20.13
	// must go through, while this gateway takes no real cards.
	TestAmountFraction = ".13"
)

// Reasons of the manual gateway for a refusal: the payment's failure and the reason
// of payment.failed.
const (
	ReasonDeclined          = "declined"
	ReasonInsufficientFunds = "insufficient funds"
	ReasonTestAmount        = "declined by test amount"
)

var methods = []string{MethodCard, MethodBankTransfer, MethodCashOnDelivery}

func checkMethod(c Process) error {
	switch {
	case c.Gateway != GatewayManual:
		return entrepot.Invalid("gateway", "enum", "must be %s", GatewayManual)
	case !slices.Contains(methods, c.Method):
		return entrepot.Invalid("paymentMethod", "enum", "must be one of %s", strings.Join(methods, ", "))
	default:
		return nil
	}
}

// manualRefusal returns the reason for which the manual gateway refuses an attempt,
// or "" if it accepts it.
func manualRefusal(method, token string, amount entrepot.Money) string {
	switch {
	case token == TokenDeclined:
		return ReasonDeclined
	case token == TokenInsufficientFunds:
		return ReasonInsufficientFunds
	case method == MethodCard && endsWithTestAmount(amount):
		return ReasonTestAmount
	default:
		return ""
	}
}

// endsWithTestAmount reports whether an amount is like 20.13, or 20.130 in a currency
// of three decimals.
func endsWithTestAmount(m entrepot.Money) bool {
	return strings.HasSuffix(strings.TrimRight(m.String(), "0"), TestAmountFraction)
}

// manualTransaction returns the id of an attempt, in place of a provider's
// transaction id.
func manualTransaction(payment entrepot.ID, attempt int32) string {
	return fmt.Sprintf("%s-%s-%d", GatewayManual, payment, attempt)
}
