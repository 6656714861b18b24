package payment

import (
	"fmt"
	"slices"
	"strings"

	"entrepot"
)

// GatewayManual is the gateway without an account anywhere: a person sees to the
// money, so every attempt succeeds at once but for the test inputs below. It
// does no I/O, hence it is decided with the payment itself.
const GatewayManual = "manual"

// How a payment may be made by the manual gateway.
const (
	MethodCard           = "card"
	MethodBankTransfer   = "bank_transfer"
	MethodCashOnDelivery = "cash_on_delivery"
)

// Inputs for which the manual gateway refuses an attempt, so that a shop's
// developers can try what a refusal does without a provider's test account.
const (
	TokenDeclined          = "fail"         // refused as [ReasonDeclined]
	TokenInsufficientFunds = "insufficient" // refused as [ReasonInsufficientFunds]
	// TestAmountFraction: an amount by card that ends with .13 is refused as
	// [ReasonTestAmount]. By card only: nobody pays this gateway with a real card,
	// while a real bank transfer of 20.13 must go through.
	TestAmountFraction = ".13"
)

// Why the manual gateway refuses an attempt; the failure of the payment and the
// reason of payment.failed.
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

// manualRefusal is why the manual gateway refuses an attempt; empty when it does not.
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

// endsWithTestAmount: 20.13, and 20.130 in a currency of three decimals.
func endsWithTestAmount(m entrepot.Money) bool {
	return strings.HasSuffix(strings.TrimRight(m.String(), "0"), TestAmountFraction)
}

// manualTransaction names an attempt, as a provider's transaction id would.
func manualTransaction(payment entrepot.ID, attempt int32) string {
	return fmt.Sprintf("%s-%s-%d", GatewayManual, payment, attempt)
}
