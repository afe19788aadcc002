// Package iam is AWS Identity and Access Management as far as roles and
// managed policies go, and the AWS Security Token Service, whose sessions are
// made of those roles: they are one package because a session is a role's.
//
// Policies are kept, and checked for syntax, but not yet enforced: a role's
// session may do what the account's root may. Trust policies are enforced
// where a service assumes a role. Users, groups, access keys, instance
// profiles, identity providers and permission boundaries are not here, and are
// invalid actions.
//
// What holds: a session's credentials are rows, so they outlive a restart and
// end at their time.
package iam

import (
	"sync"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Config is what the service is told of the runtime that it is part of.
type Config struct {
	Account string // twelve digits
}

// Service is IAM and STS.
type Service struct {
	st  *store.Store
	cfg Config

	sessions sync.Map // access key id to session: what rows hold, for every signed request
}

var (
	_ event.Roles      = (*Service)(nil)
	_ wire.Credentials = (*Service)(nil)
)

// New returns the service. Nothing runs yet.
func New(st *store.Store, cfg Config) *Service {
	s := &Service{st: st, cfg: cfg}
	st.OnTimer(sessionTimer, s.expire)
	return s
}

// API is IAM's surface.
func (s *Service) API() wire.API {
	return wire.API{
		ID:        "iam",
		Protocols: []wire.Protocol{wire.Query},
		Version:   "2010-05-08",
		Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Names:     wire.Names{"*.CreateDate": {Time: wire.ISOSecond}, "*.UpdateDate": {Time: wire.ISOSecond}},
		Status: map[string]int{
			"NoSuchEntity":        404,
			"EntityAlreadyExists": 409,
			"DeleteConflict":      409,
			"LimitExceeded":       409,
		},
		Operations: []wire.Operation{
			wire.Op("CreateRole", s.CreateRole),
			wire.Op("GetRole", s.GetRole),
			wire.Op("ListRoles", s.ListRoles),
			wire.Op("UpdateRole", s.UpdateRole),
			wire.Op("UpdateRoleDescription", s.UpdateRoleDescription),
			wire.Op("UpdateAssumeRolePolicy", s.UpdateAssumeRolePolicy),
			wire.Op("DeleteRole", s.DeleteRole),
			wire.Op("TagRole", s.TagRole),
			wire.Op("UntagRole", s.UntagRole),
			wire.Op("ListRoleTags", s.ListRoleTags),
			wire.Op("ListInstanceProfilesForRole", s.ListInstanceProfilesForRole),
			wire.Op("PutRolePolicy", s.PutRolePolicy),
			wire.Op("GetRolePolicy", s.GetRolePolicy),
			wire.Op("ListRolePolicies", s.ListRolePolicies),
			wire.Op("DeleteRolePolicy", s.DeleteRolePolicy),
			wire.Op("AttachRolePolicy", s.AttachRolePolicy),
			wire.Op("DetachRolePolicy", s.DetachRolePolicy),
			wire.Op("ListAttachedRolePolicies", s.ListAttachedRolePolicies),
			wire.Op("CreatePolicy", s.CreatePolicy),
			wire.Op("GetPolicy", s.GetPolicy),
			wire.Op("ListPolicies", s.ListPolicies),
			wire.Op("DeletePolicy", s.DeletePolicy),
			wire.Op("CreatePolicyVersion", s.CreatePolicyVersion),
			wire.Op("GetPolicyVersion", s.GetPolicyVersion),
			wire.Op("ListPolicyVersions", s.ListPolicyVersions),
			wire.Op("SetDefaultPolicyVersion", s.SetDefaultPolicyVersion),
			wire.Op("DeletePolicyVersion", s.DeletePolicyVersion),
			wire.Op("ListEntitiesForPolicy", s.ListEntitiesForPolicy),
			wire.Op("TagPolicy", s.TagPolicy),
			wire.Op("UntagPolicy", s.UntagPolicy),
			wire.Op("ListPolicyTags", s.ListPolicyTags),
		},
	}
}

// STS is STS's surface.
func (s *Service) STS() wire.API {
	return wire.API{
		ID:        "sts",
		Protocols: []wire.Protocol{wire.Query},
		Version:   "2011-06-15",
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Names:     wire.Names{"*.Expiration": {Time: wire.ISOSecond}},
		Status:    map[string]int{"AccessDenied": 403},
		Operations: []wire.Operation{
			wire.Op("GetCallerIdentity", s.GetCallerIdentity),
			wire.Op("AssumeRole", s.AssumeRole),
			wire.Op("GetSessionToken", s.GetSessionToken),
			wire.Op("GetAccessKeyInfo", s.GetAccessKeyInfo),
		},
	}
}
