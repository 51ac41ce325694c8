"""The buyer asks, the seller answers, they bargain, money goes back."""
