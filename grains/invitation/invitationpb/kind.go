// Package invitationpb holds the commands and replies of the invitation grain.
package invitationpb

// Kind is the grain's name in the cluster.
const Kind = "Invitation"
