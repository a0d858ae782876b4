package shop

import (
	"errors"

	"parley/tools"
)

// What a lookup or a write can be refused for. The texts are what the tools
// answer; those of τ²-bench's retail domain are word for word its own.
//
//nolint:staticcheck // the texts of the errors are the tools' answers, word for word
var (
	ErrNoOrder         = errors.New("Order not found")
	ErrNoCustomer      = errors.New("User not found")
	ErrNoProduct       = errors.New("Product not found")
	ErrNoItem          = errors.New("Item not found")
	ErrNoVariant       = errors.New("Variant not found")
	ErrNoPaymentMethod = errors.New("Payment method not found")

	errNotReturnable    = errors.New("Non-delivered order cannot be returned")
	errNotExchangeable  = errors.New("Non-delivered order cannot be exchanged")
	errNotCancellable   = errors.New("Non-pending order cannot be cancelled")
	errNotModifiable    = errors.New("Non-pending order cannot be modified")
	errReason           = errors.New("Invalid reason")
	errNotOriginal      = errors.New("Payment method should be the original payment method")
	errSomeItem         = errors.New("Some item not found")
	errExchangeNumber   = errors.New("The number of items to be exchanged should match.") //nolint:revive // word for word
	errModifyNumber     = errors.New("The number of items to be exchanged should match")
	errSameItem         = errors.New("The new item id should be different from the old item id")
	errOnePayment       = errors.New("There should be exactly one payment for a pending order")
	errSameMethod       = errors.New("The new payment method should be different from the current one")
	errGiftCardExchange = errors.New("Insufficient gift card balance to pay for the price difference")
	errGiftCardItem     = errors.New("Insufficient gift card balance to pay for the new item")
	errGiftCardOrder    = errors.New("Insufficient gift card balance to pay for the order")
	errExpression       = errors.New("Invalid characters in expression")
	errCurrency         = errors.New("The new item has a price in another currency than the order")
	errNotSent          = errors.New("Nothing of this order has been sent, so there is no parcel to report")
	errTries            = errors.New("There were too many tries to find out who is calling; stay with what anyone may know, or hand over to a person")
)

// codes are the codes of the refusals, for programs.
var codes = map[error]string{
	ErrNoOrder: tools.NotFound, ErrNoCustomer: tools.NotFound, ErrNoProduct: tools.NotFound, ErrNoItem: tools.NotFound,
	ErrNoVariant: tools.NotFound, ErrNoPaymentMethod: tools.NotFound, errSomeItem: tools.NotFound,
	errNotReturnable: tools.Conflict, errNotExchangeable: tools.Conflict, errNotCancellable: tools.Conflict, errNotModifiable: tools.Conflict,
	errNotSent: tools.Conflict, errOnePayment: tools.Conflict, errSameMethod: tools.Conflict, errCurrency: tools.Conflict,
	errReason: tools.InvalidArguments, errExchangeNumber: tools.InvalidArguments, errModifyNumber: tools.InvalidArguments,
	errSameItem: tools.InvalidArguments, errExpression: tools.InvalidArguments,
	errNotOriginal: tools.NotAllowed, errGiftCardExchange: tools.NotAllowed, errGiftCardItem: tools.NotAllowed,
	errGiftCardOrder: tools.NotAllowed, errTries: tools.NotAllowed,
}

// told makes of a refusal what the model hears; other errors stay ours.
func told(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if code, ok := codes[e]; ok {
			return &tools.Error{Code: code, Message: e.Error()}
		}
	}
	return err
}
